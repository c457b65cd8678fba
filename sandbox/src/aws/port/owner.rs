//! Whether a connection comes from the user who started the sandbox.

mod diag;
mod tables;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// How often it is looked where the client is missing: what the system tells is no picture of one moment.
const LOOKS: usize = 3;

/// What the system tells of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    /// Its user.
    Of(u32),
    /// It has closed its side already, and nobody knows whose it was.
    Gone,
    /// The system does not tell of the connection at all.
    Unlisted,
}

/// Linux knows the user of each socket. Elsewhere, and where it does not tell, the answer is yes: loopback it is.
pub(super) fn may_be_owner(folder: &Path, peer: SocketAddr, own: SocketAddr) -> bool {
    let Ok(owner) = fs::metadata(folder).map(|folder| folder.uid()) else { return true };
    for _ in 0..LOOKS {
        let client = diag::client(peer, own).unwrap_or_else(|_| tables::client(peer, own));
        match client {
            Client::Of(user) => return user == owner || user == 0,
            Client::Unlisted => return true,
            Client::Gone => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_user_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (peer, own) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        assert!(may_be_owner(folder.path(), peer, own));
        // Both ways of asking tell the same.
        let known = Client::Of(fs::metadata(folder.path()).unwrap().uid());
        assert_eq!((diag::client(peer, own).unwrap(), tables::client(peer, own)), (known, known));
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(
            (diag::client(nobody, nobody).unwrap(), tables::client(nobody, nobody)),
            (Client::Unlisted, Client::Unlisted)
        );
        let _accepted = listener.accept().unwrap();
        drop(client);
        assert_eq!((diag::client(peer, own).unwrap(), tables::client(peer, own)), (Client::Gone, Client::Gone));
    }
}
