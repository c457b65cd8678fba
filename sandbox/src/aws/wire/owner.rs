//! Whether a connection comes from the user who started the sandbox.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Linux lists each socket with its user. Elsewhere, and where the list does not tell, the answer is yes: loopback it is.
pub(super) fn may_be_owner(folder: &Path, peer: SocketAddr) -> bool {
    let owner = fs::metadata(folder).map(|folder| folder.uid());
    let table = fs::read_to_string("/proc/net/tcp");
    match (owner, table) {
        (Ok(owner), Ok(table)) => user_of(&table, peer.port()).is_none_or(|user| user == owner || user == 0),
        (_, _) => true,
    }
}

/// The user of the socket on 127.0.0.1 with this port. Columns: number, local address, remote address, state, queues,
/// timer, retransmits, user (`Documentation/networking/proc_net_tcp.rst`).
fn user_of(table: &str, port: u16) -> Option<u32> {
    let local = format!("0100007F:{port:04X}");
    table.lines().find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        if columns.next()? != local {
            return None;
        }
        columns.nth(5)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_user_of_a_socket() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                     0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 20\n\
                     1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 1 1 0 20\n";
        assert_eq!(user_of(table, 50000), Some(1001));
        assert_eq!(user_of(table, 8080), Some(1000));
        assert_eq!(user_of(table, 1), None);
    }
}
