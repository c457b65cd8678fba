//! ARNs of keys, policies and topics.

use super::super::origin::Wrong;

/// The parts of `arn:{partition}:{service}:{region}:{account}:{resource}`.
struct Arn<'t> {
    region: &'t str,
    account: &'t str,
    resource: &'t str,
}

fn parse<'t>(text: &'t str, service: &str) -> Option<Arn<'t>> {
    let mut parts = text.splitn(6, ':');
    let (arn, partition, named) = (parts.next()?, parts.next()?, parts.next()?);
    let found = Arn { region: parts.next()?, account: parts.next()?, resource: parts.next()? };
    let partition_is_sound = partition == "aws" || partition.strip_prefix("aws-").is_some_and(|rest| !rest.is_empty());
    let plain = text.chars().all(|each| each.is_ascii_graphic());
    (arn == "arn" && partition_is_sound && named == service && plain).then_some(found)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A KMS key. An alias is refused: permissions are granted on keys, and an alias can move to another one.
pub(in crate::settings) fn kms_key(text: &str) -> Result<String, Wrong> {
    let what = "is not the ARN of a KMS key";
    let remedy =
        "write the key's ARN, as in arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let Some(arn) = parse(text, "kms") else {
        return Err(Wrong::new(what, "it does not have the form arn:PARTITION:kms:REGION:ACCOUNT:key/ID", remedy));
    };
    if arn.resource.starts_with("alias/") {
        let why = "it is an alias, and permissions are granted on keys";
        return Err(Wrong::new(what, why, "write the key's own ARN; `aws kms describe-key --key-id ALIAS` shows it"));
    }
    let id = arn.resource.strip_prefix("key/").unwrap_or_default();
    let id_is_sound =
        !id.is_empty() && id.len() <= 64 && id.chars().all(|each| each.is_ascii_alphanumeric() || each == '-');
    if !id_is_sound || arn.region.is_empty() || !is_account(arn.account) {
        return Err(Wrong::new(what, "it lacks a region, an account of 12 digits, or key/ and an id", remedy));
    }
    Ok(text.to_owned())
}

/// A managed policy, the customer's or AWS's own, as a permissions boundary.
pub(in crate::settings) fn policy(text: &str) -> Result<String, Wrong> {
    let what = "is not the ARN of a managed policy";
    let remedy = "write the policy's ARN, as in arn:aws:iam::111122223333:policy/boundary";
    let Some(arn) = parse(text, "iam") else {
        return Err(Wrong::new(what, "it does not have the form arn:PARTITION:iam::ACCOUNT:policy/NAME", remedy));
    };
    if arn.resource.starts_with("role/") {
        return Err(Wrong::new(what, "it is a role, and a permissions boundary is a policy", remedy));
    }
    let name = arn.resource.strip_prefix("policy/").unwrap_or_default();
    let legal = |each: char| each.is_ascii_alphanumeric() || "/+=,.@_-".contains(each);
    let name_is_sound = !name.is_empty() && name.len() <= 640 && !name.ends_with('/') && name.chars().all(legal);
    if !name_is_sound || !arn.region.is_empty() || !(is_account(arn.account) || arn.account == "aws") {
        return Err(Wrong::new(
            what,
            "it lacks an account of 12 digits, or policy/ and a name, or it has a region",
            remedy,
        ));
    }
    Ok(text.to_owned())
}

/// An SNS topic. An alarm tells topics of its own Region only, and no FIFO topics (CloudWatch user guide).
pub(in crate::settings) fn topic(text: &str) -> Result<String, Wrong> {
    let what = "is not the ARN of an SNS topic";
    let remedy = "write the topic's ARN, as in arn:aws:sns:eu-west-1:111122223333:operations";
    let Some(arn) = parse(text, "sns") else {
        return Err(Wrong::new(what, "it does not have the form arn:PARTITION:sns:REGION:ACCOUNT:NAME", remedy));
    };
    if arn.resource.ends_with(".fifo") {
        return Err(Wrong::new(what, "it is a FIFO topic, which alarms cannot tell", remedy));
    }
    let legal = |each: char| each.is_ascii_alphanumeric() || "_-".contains(each);
    let name_is_sound = (1..=256).contains(&arn.resource.len()) && arn.resource.chars().all(legal);
    if !name_is_sound || arn.region.is_empty() || !is_account(arn.account) {
        return Err(Wrong::new(what, "it lacks a region, an account of 12 digits, or a name", remedy));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        for good in ["arn:aws:sns:eu-west-1:111122223333:ops", "arn:aws-cn:sns:cn-north-1:111122223333:on-call_1"] {
            assert_eq!(topic(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "ops",
            "arn:aws:sns:eu-west-1:111122223333:",
            "arn:aws:sns:eu-west-1:111122223333:ops.fifo",
            "arn:aws:sns:eu-west-1:111122223333:ops:7c1e4b1a-subscription",
            "arn:aws:sns::111122223333:ops",
            "arn:aws:sns:eu-west-1:1:ops",
            "arn:aws:sqs:eu-west-1:111122223333:ops",
        ] {
            assert!(topic(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn kms_keys() {
        for good in [
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
        ] {
            assert_eq!(kms_key(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "alias/files",
            "arn:aws:kms:eu-west-1:111122223333:alias/files",
            "arn:aws:kms::111122223333:key/1",
            "arn:aws:kms:eu-west-1:1111:key/1",
            "arn:aws:kms:eu-west-1:111122223333:key/",
            "arn:aws:s3:eu-west-1:111122223333:key/1",
            "arn:azure:kms:eu-west-1:111122223333:key/1",
            "arn:aws:kms:eu-west-1:111122223333:key/a b",
            "arn:aws-:kms:eu-west-1:111122223333:key/1",
            "arn:aws:kms",
        ] {
            assert!(kms_key(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(kms_key("arn:aws:kms:eu-west-1:111122223333:alias/f").unwrap_err().why.contains("alias"));
    }

    #[test]
    fn policies() {
        for good in [
            "arn:aws:iam::111122223333:policy/boundary",
            "arn:aws-cn:iam::111122223333:policy/team/a.b_c-d",
            "arn:aws:iam::aws:policy/PowerUserAccess",
        ] {
            assert_eq!(policy(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "boundary",
            "arn:aws:iam::111122223333:role/boundary",
            "arn:aws:iam:eu-west-1:111122223333:policy/b",
            "arn:aws:iam::1:policy/b",
            "arn:aws:iam::111122223333:policy/",
            "arn:aws:iam::111122223333:policy/a/",
            "arn:aws:iam::111122223333:policy/*",
        ] {
            assert!(policy(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
