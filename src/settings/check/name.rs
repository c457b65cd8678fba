//! Names: deployment, stack, region, profile, account.

use super::super::origin::Wrong;

/// `[a-z][a-z0-9-]{0,39}`, not ending in a hyphen: it becomes part of role, function and bucket key names.
pub(in crate::settings) fn deployment(text: &str) -> Result<String, Wrong> {
    let why = if text.is_empty() {
        "it is empty"
    } else if text.len() > 40 {
        "it has more than 40 characters"
    } else if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
        "it does not start with a lower-case letter"
    } else if !text.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-') {
        "it holds something other than lower-case letters, digits and hyphens"
    } else if text.ends_with('-') {
        "it ends in a hyphen"
    } else {
        return Ok(text.to_owned());
    };
    Err(Wrong::new("is not a deployment name", why, "write a name such as partners or partners-test-2"))
}

/// CloudFormation: a letter, then letters, digits and hyphens, at most 128.
pub(in crate::settings) fn stack(text: &str) -> Result<String, Wrong> {
    let why = if text.is_empty() {
        "it is empty"
    } else if text.len() > 128 {
        "it has more than 128 characters"
    } else if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        "it does not start with a letter"
    } else if !text.chars().all(|each| each.is_ascii_alphanumeric() || each == '-') {
        "it holds something other than letters, digits and hyphens"
    } else {
        return Ok(text.to_owned());
    };
    let remedy =
        "write a name such as sftp-okta-partners, or leave it out: the default is sftp-okta- and the deployment's name";
    Err(Wrong::new("is not a stack name", why, remedy))
}

/// The shape of a region: `eu-west-1`, `us-gov-east-1`. Which regions exist is for AWS to say.
pub(in crate::settings) fn region(text: &str) -> Result<String, Wrong> {
    let parts: Vec<&str> = text.split('-').collect();
    let sound = match parts.as_slice() {
        [first, middle @ .., last] => {
            (2..=4).contains(&first.len())
                && first.chars().all(|each| each.is_ascii_lowercase())
                && (1..=2).contains(&middle.len())
                && middle.iter().all(|part| !part.is_empty() && part.chars().all(|each| each.is_ascii_lowercase()))
                && (1..=2).contains(&last.len())
                && last.chars().all(|each| each.is_ascii_digit())
        }
        [] | [_] => false,
    };
    if sound {
        return Ok(text.to_owned());
    }
    let zone = text.strip_suffix(|last: char| last.is_ascii_lowercase());
    let remedy = match zone {
        Some(base) if region(base).is_ok() => {
            format!("that is an availability zone; write its region: {base}")
        }
        _ => "write a region such as eu-west-1".to_owned(),
    };
    Err(Wrong::new("is not a region", "a region is two or three words and a number, joined by hyphens", remedy))
}

/// A profile is any name on one line.
pub(in crate::settings) fn profile(text: &str) -> Result<String, Wrong> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        let remedy = "write the name of a profile in ~/.aws/config, or leave it out";
        return Err(Wrong::new("is not a profile name", "it is empty or holds a control character", remedy));
    }
    Ok(text.to_owned())
}

/// Twelve digits.
pub(in crate::settings) fn account(text: &str) -> Result<String, Wrong> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let remedy = if digits.len() == 12 {
        format!("write the digits alone: {digits}")
    } else {
        "write the 12 digits that `aws sts get-caller-identity` shows".to_owned()
    };
    Err(Wrong::new("is not an account id", "an account id is 12 digits", remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&str) -> Result<String, Wrong>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(rule(text).as_deref(), Ok(*text));
        }
        for text in bad {
            assert!(rule(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn deployment_names() {
        let longest = "a".repeat(40);
        check(
            deployment,
            &["a", "demo", "a-1", "a--b", &longest],
            &["", "1a", "-a", "a-", "A", "a_b", "a.b", "ä", "a b", &"a".repeat(41), "a\n"],
        );
    }

    #[test]
    fn stack_names() {
        check(stack, &["a", "Sftp-Okta-1", "a-", &"a".repeat(128)], &["", "1a", "-a", "a_b", "a/b", &"a".repeat(129)]);
    }

    #[test]
    fn regions() {
        let good =
            ["eu-west-1", "us-gov-east-1", "cn-northwest-1", "ap-southeast-12", "eusc-de-east-1", "mx-central-1"];
        check(
            region,
            &good,
            &["", "eu", "eu-west", "EU-WEST-1", "eu-west-1a", "eu_west_1", "eu-west-1-2-3", "-west-1", "eu--1"],
        );
        assert_eq!(
            region("eu-west-1a").unwrap_err().remedy,
            "that is an availability zone; write its region: eu-west-1"
        );
    }

    #[test]
    fn profiles() {
        check(profile, &["default", "Acme Prod"], &["", " ", "a\nb"]);
    }

    #[test]
    fn accounts() {
        check(
            account,
            &["111122223333", "000000000000"],
            &["", "11112222333", "1111222233334", "11112222333a", "１１１１２２２２３３３３"],
        );
        assert_eq!(account("1111-2222-3333").unwrap_err().remedy, "write the digits alone: 111122223333");
    }
}
