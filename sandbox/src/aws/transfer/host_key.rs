//! Host keys: a real Ed25519 key for each server, kept in a file that the SFTP listener reads.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::ssh_key::{HashAlg, LineEnding};
use russh::keys::{Algorithm, PrivateKey, decode_secret_key};
use serde::{Deserialize, Serialize};

use crate::aws::wire::Refusal;

/// A host key as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HostKey {
    /// `hostkey-` and 17 hexadecimal digits.
    pub(super) id: String,
    /// What was said when it was imported.
    pub(super) description: String,
    /// `SHA256:…`.
    pub(super) fingerprint: String,
    /// Such as `ssh-ed25519`.
    pub(super) kind: String,
    /// When it was imported, in seconds since 1970.
    pub(super) imported: i64,
}

/// The file with the key of a server.
pub(super) fn file(folder: &Path, server: &str) -> PathBuf {
    folder.join("host-keys").join(server)
}

/// A new key.
pub(super) fn generate() -> Result<PrivateKey, Refusal> {
    let mut seed = [0_u8; 32];
    for part in seed.chunks_mut(16) {
        part.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    // Two version-4 UUIDs hold 244 bits from the system's generator; the digest spreads them.
    let seed: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(seed).into();
    PrivateKey::new(KeypairData::from(Ed25519Keypair::from_seed(&seed)), "sandbox")
        .map_err(|error| internal(&error.to_string()))
}

/// A key that was given: RSA, ECDSA or Ed25519, without a passphrase.
pub(super) fn parse(text: &str) -> Result<PrivateKey, Refusal> {
    decode_secret_key(text, None)
        .map_err(|_| Refusal::new("InvalidRequestException", "The host key body is not a valid private key"))
}

/// What the API shows of a key.
pub(super) fn describe(key: &PrivateKey, description: &str) -> HostKey {
    let kind = match key.algorithm() {
        Algorithm::Rsa { .. } => "ssh-rsa".to_owned(),
        other => other.to_string(),
    };
    HostKey {
        id: format!("hostkey-{}", super::operations::digits()),
        description: description.to_owned(),
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        kind,
        imported: time::OffsetDateTime::now_utc().unix_timestamp(),
    }
}

/// Writes the key where the SFTP listener reads it, for this user's eyes only.
pub(super) fn keep(folder: &Path, server: &str, key: &PrivateKey) -> Result<(), Refusal> {
    let text = key.to_openssh(LineEnding::LF).map_err(|error| internal(&error.to_string()))?;
    write(&file(folder, server), text.as_bytes()).map_err(|error| internal(&error.to_string()))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    fs::rename(new, path)
}

/// Removes the key of a server that is gone.
pub(super) fn remove(folder: &Path, server: &str) {
    let _ = fs::remove_file(file(folder, server));
}

fn internal(message: &str) -> Refusal {
    Refusal::new("InternalServiceError", format!("The sandbox cannot keep a host key: {message}")).status(500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let key = generate().unwrap();
        keep(folder.path(), "s-1", &key).unwrap();
        let text = fs::read_to_string(file(folder.path(), "s-1")).unwrap();
        let again = parse(&text).unwrap();
        let described = describe(&again, "");
        assert_eq!(described.fingerprint, key.fingerprint(HashAlg::Sha256).to_string());
        assert!(described.fingerprint.starts_with("SHA256:") && described.fingerprint.len() == 50, "{described:?}");
        assert_eq!(described.kind, "ssh-ed25519");
        assert_ne!(generate().unwrap().fingerprint(HashAlg::Sha256), key.fingerprint(HashAlg::Sha256));
        assert_eq!(parse("not a key").unwrap_err().code, "InvalidRequestException");
    }
}
