//! Where the files are.

use crate::error::Result;

use super::super::check::{arn, bucket};
use super::super::given::Given;
use super::super::lookup::{boolean, checked, required, text};
use super::super::origin::Wrong;
use super::super::resolved::Storage;
use super::Sections;

impl Sections<'_> {
    pub(super) fn storage(&self, given: &Given) -> Result<Storage> {
        let create = boolean(&given.create_bucket, self.storage, "create_bucket")?.is_some_and(|create| create.value);
        let rule = if create { bucket::new } else { bucket::existing };
        let name = required(
            text(&given.bucket, self.storage, "bucket")?,
            "bucket",
            "storage.bucket",
            "the bucket of the files",
        )?;
        let key = checked(text(&given.kms_key_arn, self.storage, "kms_key_arn")?, arn::kms_key)?;
        let bucket = name.try_map(rule)?.value;
        Ok(Storage {
            access_log_bucket: self.access_log_bucket(given, create, &bucket)?,
            bucket,
            create_bucket: create,
            kms_key_arn: key.map(|found| found.value),
        })
    }

    fn access_log_bucket(&self, given: &Given, create_bucket: bool, bucket: &str) -> Result<Option<String>> {
        let found = text(&given.access_log_bucket, self.storage, "access_log_bucket")?;
        let Some(found) = checked(found, bucket::existing)? else { return Ok(None) };
        if !create_bucket {
            let why = "access logs are switched on only for a bucket that the stack makes";
            let remedy = "switch on the access logs of the existing bucket in S3 and remove this setting, or set create_bucket = true";
            return Err(Wrong::new("has no bucket to log", why, remedy).at(&found.origin, &found.value));
        }
        if found.value == bucket {
            let why = "each log written there would be logged again, without end";
            return Err(Wrong::new("is the users' bucket", why, "name another bucket for the logs")
                .at(&found.origin, &found.value));
        }
        Ok(Some(found.value))
    }
}
