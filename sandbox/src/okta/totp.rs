//! Codes of an authenticator (RFC 6238, with SHA-1, 30 seconds and six digits, as Okta Verify and Google Authenticator do).

use ring::hmac;

/// Seconds that a code is for.
pub(super) const STEP: u64 = 30;

/// The code of a step.
pub(super) fn code(secret: &[u8], step: u64, digits: u32) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let digest = hmac::sign(&key, &step.to_be_bytes());
    let digest = digest.as_ref();
    // RFC 4226 section 5.3: the last four bits say where the 31 bits are.
    let offset = usize::from(digest.last().copied().unwrap_or_default() & 15);
    let bits =
        digest.iter().skip(offset).take(4).fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) & 0x7fff_ffff;
    let width = usize::try_from(digits).unwrap_or_default();
    format!("{:0width$}", bits % 10_u32.saturating_pow(digits))
}

/// RFC 4648 base 32, without padding: what a person types into an authenticator.
pub(super) fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let bits =
            (0..5).fold(0_u64, |bits, place| (bits << 8) | u64::from(chunk.get(place).copied().unwrap_or_default()));
        let letters = (chunk.len() * 8).div_ceil(5);
        for letter in 0..letters {
            let value = usize::try_from((bits >> (35 - 5 * letter)) & 31).unwrap_or_default();
            text.extend(LETTERS.get(value).map(|letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base32, code};

    #[test]
    fn rfc_6238_appendix_b() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59_u64, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code(secret, seconds / 30, 8), expected, "{seconds}");
        }
    }

    #[test]
    fn rfc_4226_appendix_d() {
        let codes: Vec<_> = (0..10).map(|step| code(b"12345678901234567890", step, 6)).collect();
        assert_eq!(codes.join(" "), "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489");
    }

    #[test]
    fn rfc_4648_section_10() {
        for (plain, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()), text);
        }
    }
}
