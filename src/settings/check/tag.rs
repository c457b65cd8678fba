//! Tags of the user's own.

use super::super::origin::{Located, Origin, Wrong};
use crate::error::{Error, Result};

/// The most tags a user may set: a server takes 50, and the tool needs some itself.
pub(in crate::settings) const MOST: usize = 45;

/// Splits `KEY=VALUE` and checks both.
pub(in crate::settings) fn pair(text: &str) -> Result<(String, String), Wrong> {
    let Some((key, value)) = text.split_once('=') else {
        return Err(Wrong::new("is not a tag", "it has no =", "write it in the form --tag team=data"));
    };
    tag(key, value)?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Checks the tag `key` of the file.
pub(in crate::settings) fn entry(key: &str, value: &Located<String>) -> Result<()> {
    tag(key, &value.value).map_err(|wrong| wrong.at(&value.origin, &value.value))
}

fn tag(key: &str, value: &str) -> Result<(), Wrong> {
    let (why, remedy) = if key.is_empty() {
        ("its key is empty", "write a key such as team")
    } else if key.chars().count() > 128 {
        ("its key has more than 128 characters", "shorten the key")
    } else if value.chars().count() > 256 {
        ("its value has more than 256 characters", "shorten the value")
    } else if !key.chars().all(is_legal) || !value.chars().all(is_legal) {
        ("it holds a character that AWS refuses", "use letters, digits, spaces and _ . : / = + - @")
    } else if key.to_lowercase().starts_with("aws:") {
        ("keys that start with aws: belong to AWS", "choose another key")
    } else if key.to_lowercase().starts_with("sftp-okta:") || key == "managed-by" {
        ("this key marks what belongs to sftp-okta, which sets it itself", "choose another key")
    } else if key.to_lowercase().starts_with("transfer:") {
        ("keys that start with transfer: have a meaning in the Transfer console", "choose another key, or use hostname")
    } else {
        return Ok(());
    };
    Err(Wrong::new("is not a tag that can be set", why, remedy))
}

fn is_legal(each: char) -> bool {
    each.is_alphanumeric() || each == ' ' || "_.:/=+-@".contains(each)
}

/// Refuses more tags than fit.
pub(in crate::settings) fn count(tags: usize, origin: &Origin) -> Result<(), Error> {
    if tags <= MOST {
        return Ok(());
    }
    let error = origin.error(&format!("sets {tags} tags"));
    Err(error.cause(format!("a server takes 50 tags, of which {MOST} are free")).hint("remove some"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        for good in
            ["team=data", "a b=c d", "cost:centre=1/2", "k=", "k=a=b", "größe=XL", &format!("{}=v", "k".repeat(128))]
        {
            assert!(pair(good).is_ok(), "{good:?} was refused");
        }
        assert_eq!(pair("k=a=b"), Ok(("k".to_owned(), "a=b".to_owned())));
        let (long_key, long_value) = (format!("{}=v", "k".repeat(129)), format!("k={}", "v".repeat(257)));
        for bad in [
            "team",
            "=v",
            "aws:a=b",
            "AWS:a=b",
            "sftp-okta:deployment=x",
            "managed-by=me",
            "transfer:customHostname=x",
            "a,b=c",
            "a=b,c",
            "a=\n",
            "k=<v>",
            &long_key,
            &long_value,
        ] {
            assert!(pair(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn only_so_many() {
        assert!(count(45, &Origin::Flag("tag")).is_ok());
        assert_eq!(count(46, &Origin::Flag("tag")).unwrap_err().message, "--tag sets 46 tags");
    }
}
