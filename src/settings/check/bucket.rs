//! S3's rules for the names of general purpose buckets.

use super::super::origin::Wrong;

/// A bucket that may exist already. Dots are legal in S3 and accepted here: every call of the tool addresses such a
/// bucket by path, so TLS holds.
pub(in crate::settings) fn existing(text: &str) -> Result<String, Wrong> {
    match flaw(text) {
        None => Ok(text.to_owned()),
        Some(why) => Err(Wrong::new("is not an S3 bucket name", why, remedy(text))),
    }
}

/// A bucket still to be made: as [`existing`], and without dots, which break TLS for clients that address it by host.
pub(in crate::settings) fn new(text: &str) -> Result<String, Wrong> {
    let name = existing(text)?;
    if name.contains('.') {
        let why = "a dot in the name breaks TLS for clients that address the bucket by host name";
        return Err(Wrong::new("is no name for a new bucket", why, format!("write {}", name.replace('.', "-"))));
    }
    Ok(name)
}

fn flaw(text: &str) -> Option<&'static str> {
    let legal = |each: char| each.is_ascii_lowercase() || each.is_ascii_digit();
    let flaws: [(bool, &str); 9] = [
        (!(3..=63).contains(&text.len()), "a bucket name has 3 to 63 characters"),
        (
            !text.chars().all(|each| legal(each) || each == '.' || each == '-'),
            "a bucket name holds only lower-case letters, digits, dots and hyphens",
        ),
        (
            !(text.starts_with(legal) && text.ends_with(legal)),
            "a bucket name starts and ends with a lower-case letter or a digit",
        ),
        (text.contains(".."), "a bucket name has no two dots in a row"),
        (text.contains(".-") || text.contains("-."), "a bucket name has no dot beside a hyphen"),
        (
            text.parse::<std::net::Ipv4Addr>().is_ok() || is_dotted_quad(text),
            "a bucket name does not look like an IP address",
        ),
        (
            ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| text.starts_with(prefix)),
            "xn--, sthree- and amzn-s3-demo- are reserved beginnings",
        ),
        (
            ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|suffix| text.ends_with(suffix)),
            "-s3alias, --ol-s3, .mrap, --x-s3 and --table-s3 are reserved endings",
        ),
        (text.starts_with("arn:"), "an ARN is not a name"),
    ];
    flaws.into_iter().find_map(|(applies, why)| applies.then_some(why))
}

fn is_dotted_quad(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn remedy(text: &str) -> String {
    let name = text.strip_prefix("s3://").or_else(|| text.rsplit_once(":::").map(|(_, name)| name));
    let name = name.map(|name| name.split('/').next().unwrap_or(name));
    let lower = text.to_ascii_lowercase().replace(['_', ' '], "-");
    match name {
        Some(name) if flaw(name).is_none() => format!("write the name alone: {name}"),
        _ if flaw(&lower).is_none() => format!("write {lower}, if that is the bucket's name"),
        _ => "write a name such as acme-partner-files".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names() {
        for name in
            ["abc", "acme-files", "1-2-3", "a.b.c", "my.bucket-1", "a--b", &"a".repeat(63), "1.2.3", "1.2.3.4.5"]
        {
            assert_eq!(existing(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn bad_names() {
        for name in [
            "",
            "ab",
            "Acme",
            "a_b",
            "-ab",
            "ab-",
            ".ab",
            "ab.",
            "a..b",
            "a.-b",
            "a-.b",
            "192.168.5.4",
            "999.168.5.4",
            "xn--abc",
            "sthree-abc",
            "amzn-s3-demo-a",
            "abc-s3alias",
            "abc--ol-s3",
            "abc.mrap",
            "abc--x-s3",
            "abc--table-s3",
            "s3://acme",
            "arn:aws:s3:::acme",
            "acme/files",
            "äcme",
            "a b",
            "abc\n",
            &"a".repeat(64),
        ] {
            assert!(existing(name).is_err(), "{name:?} was accepted");
        }
    }

    #[test]
    fn remedies() {
        let remedy = |name: &str| existing(name).unwrap_err().remedy;
        assert_eq!(remedy("s3://acme-files/in"), "write the name alone: acme-files");
        assert_eq!(remedy("arn:aws:s3:::acme-files"), "write the name alone: acme-files");
        assert_eq!(remedy("Acme_Files"), "write acme-files, if that is the bucket's name");
        assert_eq!(remedy("a"), "write a name such as acme-partner-files");
    }

    #[test]
    fn a_new_bucket_has_no_dots() {
        assert_eq!(new("my.bucket").unwrap_err().remedy, "write my-bucket");
        assert!(new("my-bucket").is_ok());
    }
}
