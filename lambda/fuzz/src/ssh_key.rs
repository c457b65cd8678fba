//! One line of a public key, as it is written in settings or in a profile attribute.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sftp_okta_lambda::ssh_key::{LONGEST, PublicKey};

/// What is taken for a key is one, in one spelling, and reading it again changes nothing.
pub fn check(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(key) = PublicKey::parse(text) else { return false };
    assert!(!text.contains("PRIVATE KEY"));
    let written = key.as_str();
    assert!(written.len() <= LONGEST && written.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
    let (algorithm, encoded) = written.split_once(' ').expect("two words");
    assert!(!encoded.contains(' '));
    for same in [written.to_owned(), format!("  {written} \n"), format!("{written} alice@laptop of hers")] {
        assert_eq!(PublicKey::parse(&same).as_ref(), Ok(&key), "{same:?}");
    }
    let json = serde_json::to_string(&key).expect("a key is a text");
    assert_eq!(serde_json::from_str::<PublicKey>(&json).ok(), Some(key.clone()));
    check_blob(algorithm, &STANDARD.decode(encoded).expect("base64"));
    true
}

/// Reads the blob once more, in another way: nothing but whole fields, of which the first is the algorithm.
fn check_blob(algorithm: &str, blob: &[u8]) {
    let (mut rest, mut fields) = (blob, Vec::new());
    while let Some((length, after)) = rest.split_first_chunk() {
        let (field, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        fields.push(field);
        rest = after;
    }
    assert!(rest.is_empty(), "bytes behind the key");
    let expected = match algorithm {
        "ssh-ed25519" => 2,
        "ssh-rsa" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => 3,
        other => panic!("{other} is no algorithm that Transfer takes"),
    };
    assert_eq!(fields.len(), expected);
    assert_eq!(fields[0], algorithm.as_bytes());
    if algorithm == "ssh-rsa" {
        let bits = fields[2].iter().skip_while(|byte| **byte == 0).count() * 8;
        assert!(bits >= 2048, "{bits} bits are too few");
    }
}
