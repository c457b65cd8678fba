//! Asking the kernel for one socket (`sock_diag(7)`, `linux/inet_diag.h`).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Client;

/// The size of the answer's header, and of the one of the question.
const HEADER: usize = 16;
/// Both addresses of a socket, its device and its cookie.
const SOCKET_ID: usize = 48;
/// Where `struct inet_diag_msg` tells the user, and the inode: after four bytes and the id, behind timer and both queues.
const USER: usize = HEADER + 4 + SOCKET_ID + 12;
const INODE: usize = USER + 4;
/// `SOCK_DIAG_BY_FAMILY`, the question and its answer.
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR`: in place of an answer, an error's number.
const ERROR: u16 = 2;
/// `ENOENT`, as such an answer tells it.
const NO_SUCH_SOCKET: i32 = -2;

/// Whose the client at the other end of a connection is.
///
/// # Errors
/// The kernel is not asked so here.
pub(super) fn client(peer: SocketAddr, own: SocketAddr) -> io::Result<Client> {
    let (IpAddr::V4(peer_ip), IpAddr::V4(own_ip)) = (peer.ip(), own.ip()) else { return Ok(Client::Unlisted) };
    let (peer, own) = ((peer_ip, peer.port()), (own_ip, own.port()));
    match look(peer, own)? {
        Some(Socket { user, inode: 1.. }) => Ok(Client::Of(user)),
        // One that was closed has no inode.
        Some(_) => Ok(Client::Gone),
        None if look(own, peer)?.is_some() => Ok(Client::Gone),
        None => Ok(Client::Unlisted),
    }
}

struct Socket {
    user: u32,
    inode: u32,
}

type Address = (Ipv4Addr, u16);

#[cfg(target_os = "linux")]
fn look(local: Address, remote: Address) -> io::Result<Option<Socket>> {
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

    let kind = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let kernel = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, kind, Some(netlink::SOCK_DIAG))?;
    send(&kernel, &question(local, remote), SendFlags::empty())?;
    // The kernel answers within the call that asks.
    let mut answer = [0; 512];
    let (_, length) = recv(&kernel, &mut answer, RecvFlags::empty())?;
    read(answer.get(..length).unwrap_or_default())
}

#[cfg(not(target_os = "linux"))]
fn look(_: Address, _: Address) -> io::Result<Option<Socket>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// `struct inet_diag_req_v2` in a netlink message: one TCP socket over IPv4, in whatever state. Addresses and ports stand in
/// the network's order of bytes, everything else in this machine's.
fn question(local: Address, remote: Address) -> Vec<u8> {
    const IPV4: u8 = 2;
    const TCP: u8 = 6;
    const REQUEST: u16 = 1;
    let address = |ip: Ipv4Addr| [ip.octets(), [0; 4], [0; 4], [0; 4]].concat();
    let body = [
        vec![IPV4, TCP, 0, 0],
        u32::MAX.to_ne_bytes().to_vec(),
        local.1.to_be_bytes().to_vec(),
        remote.1.to_be_bytes().to_vec(),
        address(local.0),
        address(remote.0),
        // Any device, and no cookie.
        0_u32.to_ne_bytes().to_vec(),
        u64::MAX.to_ne_bytes().to_vec(),
    ]
    .concat();
    let length = u32::try_from(HEADER + body.len()).unwrap_or(0);
    let kind = [BY_FAMILY.to_ne_bytes(), REQUEST.to_ne_bytes()].concat();
    [length.to_ne_bytes().to_vec(), kind, vec![0; 8], body].concat()
}

fn read(answer: &[u8]) -> io::Result<Option<Socket>> {
    let unknown = || io::Error::other("not the answer of sock_diag(7)");
    let number = |at: usize| answer.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let kind = answer.get(4..6).and_then(|kind| kind.try_into().ok()).map(u16::from_ne_bytes);
    match kind {
        Some(BY_FAMILY) => {
            let (user, inode) = number(USER).zip(number(INODE)).ok_or_else(unknown)?;
            Ok(Some(Socket { user, inode }))
        }
        Some(ERROR) => match number(HEADER).map(u32::cast_signed) {
            Some(NO_SUCH_SOCKET) => Ok(None),
            Some(other) => Err(io::Error::from_raw_os_error(other.saturating_neg())),
            None => Err(unknown()),
        },
        Some(_) | None => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_the_size_that_the_kernel_wants() {
        let asked = question((Ipv4Addr::LOCALHOST, 1), (Ipv4Addr::LOCALHOST, 2));
        assert_eq!(asked.len(), HEADER + 8 + SOCKET_ID);
        assert_eq!(asked[..4], u32::try_from(asked.len()).unwrap().to_ne_bytes());
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for answer in [&b""[..], &[0; 20], &[0; 200]] {
            assert!(read(answer).is_err());
        }
    }
}
