//! Emptying a bucket and deleting it: every version, every delete marker, every unfinished upload.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::aws::{failure, refusal};
use crate::error::{Error, ErrorCode, Result};

/// How often the bucket is gone through. Who goes on writing keeps it from getting empty for ever.
const ROUNDS: usize = 3;

/// Deletes the bucket `name` of `account` with everything in it. `told` hears after each batch how much is gone so far.
/// Doing it twice is doing it once. The caller has made sure that it may go.
///
/// # Errors
/// When S3 keeps something, when somebody goes on writing, or what S3 says.
pub async fn delete_with_contents(
    client: &Client,
    name: &str,
    account: &str,
    mut told: impl FnMut(usize),
) -> Result<usize> {
    let mut gone = 0;
    for _ in 0..ROUNDS {
        gone = delete_versions(client, name, account, gone, &mut told).await?;
        abort_uploads(client, name, account).await?;
        match client.delete_bucket().bucket(name).expected_bucket_owner(account).send().await {
            Ok(_) => return Ok(gone),
            Err(error) => match refusal(&error) {
                Some(refusal) if refusal.code == "NoSuchBucket" => return Ok(gone),
                Some(refusal) if refusal.code == "BucketNotEmpty" => {}
                Some(_) | None => return Err(failed(&format!("could not delete bucket {name}"), name, &error)),
            },
        }
    }
    Err(Error::new(ErrorCode::Service, format!("bucket {name} does not get empty"))
        .cause("somebody goes on writing to it")
        .resource(name)
        .hint("find out who writes there, then run the same command again"))
}

/// One batch is one page of the list: both hold 1,000 at most (S3 API reference).
async fn delete_versions(
    client: &Client,
    name: &str,
    account: &str,
    mut gone: usize,
    told: &mut impl FnMut(usize),
) -> Result<usize> {
    let (mut key_marker, mut version_marker) = (None, None);
    loop {
        let call = client.list_object_versions().bucket(name).expected_bucket_owner(account);
        let page = match call.set_key_marker(key_marker).set_version_id_marker(version_marker).send().await {
            Ok(page) => page,
            Err(error) if refusal(&error).is_some_and(|refusal| refusal.code == "NoSuchBucket") => return Ok(gone),
            Err(error) => return Err(failed(&format!("could not list the versions in bucket {name}"), name, &error)),
        };
        let batch = batch(&page);
        if !batch.is_empty() {
            let size = batch.len();
            delete_batch(client, name, account, batch).await?;
            gone += size;
            told(gone);
        }
        if !page.is_truncated.unwrap_or(false) {
            return Ok(gone);
        }
        (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
    }
}

/// Versions and delete markers of a page, as (key, version).
fn batch(page: &ListObjectVersionsOutput) -> Vec<(String, Option<String>)> {
    let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
    let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
    versions
        .chain(markers)
        .filter_map(|(key, version)| Some((key?.to_owned(), version.map(ToOwned::to_owned))))
        .collect()
}

async fn delete_batch(client: &Client, name: &str, account: &str, batch: Vec<(String, Option<String>)>) -> Result<()> {
    let unbuilt = |error: aws_smithy_types::error::operation::BuildError| {
        Error::new(ErrorCode::Unexpected, "a request to S3 could not be put together").cause(error.to_string())
    };
    let mut delete = Delete::builder().quiet(true);
    for (key, version) in batch {
        let object = ObjectIdentifier::builder().key(key).set_version_id(version).build().map_err(unbuilt)?;
        delete = delete.objects(object);
    }
    let call = client.delete_objects().bucket(name).expected_bucket_owner(account);
    let deleted = call.delete(delete.build().map_err(unbuilt)?).send().await;
    let deleted =
        deleted.map_err(|error| failed(&format!("could not delete what is in bucket {name}"), name, &error))?;
    let Some(kept) = deleted.errors().first() else { return Ok(()) };
    let denied = kept.code() == Some("AccessDenied");
    let code = if denied { ErrorCode::Permission } else { ErrorCode::Service };
    let key = kept.key().unwrap_or_default();
    Err(Error::new(code, format!("{} of the files in bucket {name} could not be deleted", deleted.errors().len()))
        .cause(format!("{}: {}", kept.code().unwrap_or("no code"), kept.message().unwrap_or("no message")))
        .resource(format!("s3://{name}/{key}"))
        .hint(if denied {
            "grant s3:DeleteObject and s3:DeleteObjectVersion on the bucket's objects (an object lock or a bucket policy may \
             forbid it too), then run the same command again"
        } else {
            "run the same command again: it goes on with what is left"
        }))
}

async fn abort_uploads(client: &Client, name: &str, account: &str) -> Result<()> {
    let listed = client.list_multipart_uploads().bucket(name).expected_bucket_owner(account).send().await;
    let uploads = match listed {
        Ok(page) => page.uploads.unwrap_or_default(),
        Err(error) if refusal(&error).is_some_and(|refusal| refusal.code == "NoSuchBucket") => return Ok(()),
        Err(error) => return Err(failed(&format!("could not list the uploads to bucket {name}"), name, &error)),
    };
    for upload in uploads {
        let call = client.abort_multipart_upload().bucket(name).expected_bucket_owner(account);
        match call.set_key(upload.key).set_upload_id(upload.upload_id).send().await {
            Ok(_) => {}
            Err(error) if refusal(&error).is_some_and(|refusal| refusal.code == "NoSuchUpload") => {}
            Err(error) => return Err(failed(&format!("could not end an upload to bucket {name}"), name, &error)),
        }
    }
    Ok(())
}

fn failed<E>(
    action: &str,
    name: &str,
    error: &aws_sdk_s3::error::SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
) -> Error
where
    E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    failure(action, error).resource(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Answer, S3, answer, refused};

    const ACCOUNT: &str = "111122223333";

    fn page(rows: &str, next: Option<(&str, &str)>) -> Answer {
        let next = next.map_or("<IsTruncated>false</IsTruncated>".to_owned(), |(key, version)| {
            format!(
                "<IsTruncated>true</IsTruncated><NextKeyMarker>{key}</NextKeyMarker>\
                 <NextVersionIdMarker>{version}</NextVersionIdMarker>"
            )
        });
        answer(200, &format!("<ListVersionsResult>{next}{rows}</ListVersionsResult>"))
    }

    fn version(element: &str, key: &str, id: &str) -> String {
        format!("<{element}><Key>{key}</Key><VersionId>{id}</VersionId></{element}>")
    }

    fn no_uploads() -> Answer {
        answer(200, "<ListMultipartUploadsResult></ListMultipartUploadsResult>")
    }

    fn deleted() -> Answer {
        answer(200, "<DeleteResult></DeleteResult>")
    }

    #[tokio::test]
    async fn versions_markers_and_uploads_go_and_then_the_bucket() {
        let first = version("Version", "a", "1") + &version("DeleteMarker", "a", "2");
        let uploads = "<ListMultipartUploadsResult><Upload><Key>big</Key><UploadId>u-1</UploadId></Upload></ListMultipartUploadsResult>";
        let s3 = S3::start(
            "eu-west-1",
            vec![
                page(&first, Some(("a", "2"))),
                deleted(),
                page(&version("Version", "b", "3"), None),
                deleted(),
                answer(200, uploads),
                answer(204, ""),
                answer(204, ""),
            ],
        )
        .await;
        let mut heard = Vec::new();
        let gone = delete_with_contents(&s3.client, "acme-files", ACCOUNT, |so_far| heard.push(so_far)).await;
        assert_eq!((gone.unwrap(), heard), (3, vec![2, 3]));
        let asked = s3.finish();
        assert!(asked.iter().all(|call| call.header("x-amz-expected-bucket-owner") == Some(ACCOUNT)));
        assert!(asked[1].body.contains("<Key>a</Key><VersionId>1</VersionId>"), "{}", asked[1].body);
        assert!(asked[1].body.contains("<VersionId>2</VersionId>"), "{}", asked[1].body);
        assert!(asked[2].target.contains("key-marker=a") && asked[2].target.contains("version-id-marker=2"));
        assert!(asked[5].target.contains("uploadId=u-1"), "{}", asked[5].target);
        assert_eq!((asked[6].method.as_str(), asked[6].target.trim_end_matches('/')), ("DELETE", "/acme-files"));
    }

    #[tokio::test]
    async fn a_bucket_that_is_gone_is_no_error() {
        let s3 = S3::start(
            "eu-west-1",
            vec![refused(404, "NoSuchBucket"), refused(404, "NoSuchBucket"), refused(404, "NoSuchBucket")],
        )
        .await;
        assert_eq!(delete_with_contents(&s3.client, "b", ACCOUNT, |_| {}).await.unwrap(), 0);
        s3.finish();
    }

    #[tokio::test]
    async fn what_s3_keeps_is_told_with_the_permission_that_is_missing() {
        let kept = "<DeleteResult><Error><Key>a</Key><VersionId>1</VersionId><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>";
        let s3 = S3::start("eu-west-1", vec![page(&version("Version", "a", "1"), None), answer(200, kept)]).await;
        let error = delete_with_contents(&s3.client, "acme-files", ACCOUNT, |_| {}).await.unwrap_err();
        s3.finish();
        assert_eq!((error.code, error.resource.as_deref()), (ErrorCode::Permission, Some("s3://acme-files/a")));
        assert!(error.hint.unwrap().contains("s3:DeleteObjectVersion"));
    }

    #[tokio::test]
    async fn who_goes_on_writing_is_told_and_not_fought_for_ever() {
        let round =
            || vec![page(&version("Version", "a", "1"), None), deleted(), no_uploads(), refused(409, "BucketNotEmpty")];
        let s3 = S3::start("eu-west-1", [round(), round(), round()].concat()).await;
        let error = delete_with_contents(&s3.client, "acme-files", ACCOUNT, |_| {}).await.unwrap_err();
        s3.finish();
        assert!(error.to_string().contains("does not get empty"), "{error}");
    }

    #[tokio::test]
    async fn another_accounts_bucket_is_left_alone() {
        let s3 = S3::start("eu-west-1", vec![refused(403, "AccessDenied")]).await;
        let error = delete_with_contents(&s3.client, "acme-files", ACCOUNT, |_| {}).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Permission);
        assert_eq!(s3.finish().len(), 1);
    }
}
