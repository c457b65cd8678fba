//! The users' bucket.

use super::{Finding, Level};
use crate::storage::{Encryption, Inspection, Presence};

/// Whether the bucket is there, ours, in the deployment's region, and encrypted as the settings say.
#[must_use]
pub fn bucket(name: &str, found: &Inspection, region: &str, created: bool, kms_key_arn: Option<&str>) -> Vec<Finding> {
    let finding = |level, message: String| Finding::new("bucket", level, message);
    match &found.presence {
        Presence::Absent if created => {
            return vec![finding(Level::Ok, format!("bucket {name} does not exist yet: the stack makes it"))];
        }
        Presence::Absent => {
            return vec![
                finding(Level::Error, format!("bucket {name} does not exist: users would sign in and find nothing"))
                    .remedy("make it, or set create_bucket = true"),
            ];
        }
        Presence::Refused => {
            return vec![
                finding(Level::Error, format!("bucket {name} belongs to another account, or may not be seen"))
                    .remedy("grant s3:ListBucket on it, or name a bucket of this account"),
            ];
        }
        Presence::Unknown => return vec![finding(Level::Info, format!("S3 could not be asked about bucket {name}"))],
        Presence::Present(_) => {}
    }
    let place = match &found.region {
        Some(there) if there != region => {
            finding(Level::Error, format!("bucket {name} is in {there}, and the deployment in {region}"))
                .remedy("use a bucket in the same region: Transfer reaches no other")
        }
        Some(there) => finding(Level::Ok, format!("bucket {name} is this account's, in {there}")),
        None => finding(Level::Info, format!("bucket {name} is this account's; its region was not told")),
    };
    vec![place, encryption(name, &found.encryption, kms_key_arn)]
}

fn encryption(name: &str, found: &Encryption, kms_key_arn: Option<&str>) -> Finding {
    let finding = |level, message: String| Finding::new("bucket-encryption", level, message);
    match (found, kms_key_arn) {
        (Encryption::Kms(Some(key)), Some(wanted)) if key == wanted => {
            finding(Level::Ok, format!("bucket {name} is encrypted with the configured key"))
        }
        (Encryption::Kms(key), None) => finding(
            Level::Error,
            format!(
                "bucket {name} is encrypted with KMS key {}, which users may not use",
                key.as_deref().unwrap_or("aws/s3")
            ),
        )
        .remedy("set storage.kms_key_arn to that key's ARN, and deploy"),
        (Encryption::Kms(key), Some(_)) => finding(
            Level::Warning,
            format!(
                "bucket {name} is encrypted with KMS key {}, not the configured one",
                key.as_deref().unwrap_or("aws/s3")
            ),
        )
        .remedy("set storage.kms_key_arn to the key that the bucket uses, and deploy"),
        (Encryption::S3, None) => finding(Level::Ok, format!("bucket {name} is encrypted with keys of S3")),
        (Encryption::S3, Some(_)) => {
            finding(Level::Warning, format!("bucket {name} is encrypted with keys of S3, not with the configured one"))
                .remedy("set the bucket's default encryption to that key")
        }
        (Encryption::Unreadable(why), _) => {
            finding(Level::Info, format!("the encryption of bucket {name} could not be read: {why}"))
                .remedy("grant s3:GetEncryptionConfiguration on it to have it checked")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

    fn levels(
        presence: Presence,
        region: &str,
        encryption: Encryption,
        created: bool,
        key: Option<&str>,
    ) -> Vec<Level> {
        let found = Inspection { presence, region: Some(region.into()), encryption };
        bucket("files", &found, "eu-west-1", created, key).into_iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn every_combination_is_told() {
        let here = || Presence::Present(Default::default());
        let kms = || Encryption::Kms(Some(KEY.into()));
        for (presence, region, encryption, created, key, expected) in [
            (Presence::Absent, "", Encryption::S3, true, None, vec![Level::Ok]),
            (Presence::Absent, "", Encryption::S3, false, None, vec![Level::Error]),
            (Presence::Refused, "", Encryption::S3, false, None, vec![Level::Error]),
            (Presence::Unknown, "", Encryption::S3, false, None, vec![Level::Info]),
            (here(), "eu-west-1", Encryption::S3, false, None, vec![Level::Ok, Level::Ok]),
            (here(), "us-east-1", Encryption::S3, false, None, vec![Level::Error, Level::Ok]),
            (here(), "eu-west-1", kms(), false, None, vec![Level::Ok, Level::Error]),
            (here(), "eu-west-1", kms(), false, Some(KEY), vec![Level::Ok, Level::Ok]),
            (here(), "eu-west-1", Encryption::Kms(None), false, Some(KEY), vec![Level::Ok, Level::Warning]),
            (here(), "eu-west-1", Encryption::S3, false, Some(KEY), vec![Level::Ok, Level::Warning]),
            (here(), "eu-west-1", Encryption::Unreadable("no".into()), false, None, vec![Level::Ok, Level::Info]),
        ] {
            assert_eq!(
                levels(presence.clone(), region, encryption.clone(), created, key),
                expected,
                "{presence:?} {encryption:?}"
            );
        }
    }
}
