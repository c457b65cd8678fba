//! The checksums that S3 knows, computed while the bytes come in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use md5::{Digest, Md5};
use sha2::Sha256;

/// An algorithm that a client can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32C,
    Crc64Nvme,
    Sha256,
}

impl Algorithm {
    pub(super) const ALL: [Self; 4] = [Self::Crc32, Self::Crc32C, Self::Crc64Nvme, Self::Sha256];

    /// As in `x-amz-checksum-…`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "crc32",
            Self::Crc32C => "crc32c",
            Self::Crc64Nvme => "crc64nvme",
            Self::Sha256 => "sha256",
        }
    }

    pub(super) fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name())
    }
}

/// All digests of one body.
#[derive(Debug)]
pub(super) struct Digests {
    md5: Md5,
    sha256: Option<Sha256>,
    crc: Option<(Algorithm, crc_fast::Digest)>,
}

/// What they came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Computed {
    pub(super) md5: Vec<u8>,
    /// Where it was asked for.
    pub(super) sha256: Option<Vec<u8>>,
    /// In base64.
    pub(super) checksum: Option<(Algorithm, String)>,
}

impl Digests {
    /// MD5 for the ETag, SHA-256 where the signature needs it, and the client's own choice.
    pub(super) fn new(is_digest_signed: bool, chosen: Algorithm) -> Self {
        let crc = |kind| Some((chosen, crc_fast::Digest::new(kind)));
        let (is_sha, crc) = match chosen {
            Algorithm::Crc32 => (false, crc(CrcAlgorithm::Crc32IsoHdlc)),
            Algorithm::Crc32C => (false, crc(CrcAlgorithm::Crc32Iscsi)),
            Algorithm::Crc64Nvme => (false, crc(CrcAlgorithm::Crc64Nvme)),
            Algorithm::Sha256 => (true, None),
        };
        Self { md5: Md5::new(), sha256: (is_sha || is_digest_signed).then(Sha256::new), crc }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        if let Some((_, crc)) = &mut self.crc {
            crc.update(bytes);
        }
    }

    pub(super) fn finish(self) -> Computed {
        let sha256 = self.sha256.map(|digest| digest.finalize().to_vec());
        let checksum = match self.crc {
            Some((algorithm, crc)) => {
                let bytes = crc.finalize().to_be_bytes();
                let width = if algorithm == Algorithm::Crc64Nvme { 8 } else { 4 };
                let tail = bytes.get(8 - width..).unwrap_or(&bytes);
                Some((algorithm, STANDARD.encode(tail)))
            }
            None => sha256.as_ref().map(|digest| (Algorithm::Sha256, STANDARD.encode(digest))),
        };
        Computed { md5: self.md5.finalize().to_vec(), sha256, checksum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values of the CRC catalogue for `123456789`.
    #[test]
    fn known_values() {
        let of = |algorithm| {
            let mut digests = Digests::new(false, algorithm);
            digests.update(b"12345");
            digests.update(b"6789");
            digests.finish().checksum.unwrap().1
        };
        let encoded = |bytes: &[u8]| STANDARD.encode(bytes);
        assert_eq!(of(Algorithm::Crc32), encoded(&0xcbf4_3926_u32.to_be_bytes()));
        assert_eq!(of(Algorithm::Crc32C), encoded(&0xe306_9283_u32.to_be_bytes()));
        assert_eq!(of(Algorithm::Crc64Nvme), encoded(&0xae8b_1486_0a79_9888_u64.to_be_bytes()));
        assert_eq!(of(Algorithm::Sha256), encoded(&Sha256::digest(b"123456789")));
    }
}
