//! The lists of all sockets, where the kernel may not be asked for one. Writing them takes it long: it goes through all of
//! its table of connections.

use std::fs;
use std::net::{IpAddr, SocketAddr};

use super::Client;

/// Where Linux lists the sockets. One of IPv6 can call an address of IPv4 too.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// Whose the client at the other end of a connection is.
pub(super) fn client(peer: SocketAddr, own: SocketAddr) -> Client {
    let table = TABLES.map(|table| fs::read_to_string(table).unwrap_or_default()).concat();
    client_in(&table, peer, own)
}

/// Looks for both ends of a connection. Columns: number, local address, remote address, state, queues, timer, retransmits,
/// user, timeout, inode (`Documentation/networking/proc_net_tcp.rst`).
fn client_in(table: &str, peer: SocketAddr, own: SocketAddr) -> Client {
    let (peer, own) = (spelt(peer), spelt(own));
    let is = |column: Option<&str>, address: &[String; 2]| {
        column.is_some_and(|column| address.iter().any(|spelt| spelt == column))
    };
    let mut is_listed = false;
    for line in table.lines() {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let (local, remote) = (columns.get(1).copied(), columns.get(2).copied());
        is_listed |= is(local, &own) && is(remote, &peer);
        // One that was closed has no inode, and stands there as user 0's whoever it was.
        let has_inode = columns.get(9).is_some_and(|inode| *inode != "0");
        if is(local, &peer) && is(remote, &own) && has_inode {
            return columns.get(7).and_then(|user| user.parse().ok()).map_or(Client::Unlisted, Client::Of);
        }
    }
    if is_listed { Client::Gone } else { Client::Unlisted }
}

/// An address as the lists spell it: in IPv4's, and in IPv6's. Words are told in this machine's order of bytes.
fn spelt(address: SocketAddr) -> [String; 2] {
    let port = address.port();
    let IpAddr::V4(ip) = address.ip() else { return Default::default() };
    let (word, mark) = (u32::from_ne_bytes(ip.octets()), u32::from_ne_bytes([0, 0, 0xff, 0xff]));
    [format!("{word:08X}:{port:04X}"), format!("{:016X}{mark:08X}{word:08X}:{port:04X}", 0)]
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    const REST: &str = "01 00000000:00000000 00:00000000 00000000";

    fn of(table: &[String], port: u16) -> Client {
        client_in(&table.join("\n"), SocketAddr::from(([127, 0, 0, 1], port)), SocketAddr::from(([127, 0, 0, 1], 8080)))
    }

    #[test]
    fn finds_the_user_of_a_client() {
        let mapped = "0000000000000000FFFF00000100007F";
        let table = [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
                .to_owned(),
            format!("0: 0100007F:1F90 0100007F:C350 {REST}  1000        0 11 1 0 20"),
            format!("1: 0100007F:C350 0100007F:0016 {REST}  1003        0 12 1 0 20"),
            format!("2: 0100007F:C350 0100007F:1F90 {REST}  1001        0 13 1 0 20"),
            format!("3: 0100007F:1F90 0100007F:C351 {REST}  1000        0 14 1 0 20"),
            format!("4: 0100007F:C351 0100007F:1F90 {REST}     0        0 0 1 0 20"),
            format!("5: {mapped}:C352 {mapped}:1F90 {REST}  1002        0 15 1 0 20"),
        ];
        assert_eq!(of(&table, 0xC350), Client::Of(1001));
        assert_eq!(of(&table, 0xC351), Client::Gone);
        assert_eq!(of(&table, 0xC352), Client::Of(1002));
        assert_eq!(of(&table, 1), Client::Unlisted);
    }
}
