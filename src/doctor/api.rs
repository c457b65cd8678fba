//! The API of a deployed identity provider, from its properties as CloudFormation reads them.

use serde_json::Value;

use super::{Finding, Level};

/// CloudFormation does not set back what it did not change.
pub(super) const REDEPLOY: &str =
    "somebody changed it by hand: see `sftp-okta status --drift`, then set it back, or tear down and deploy";

/// The one method: only signed calls reach it.
#[must_use]
pub fn method(properties: &Value) -> Finding {
    match properties.get("AuthorizationType").and_then(Value::as_str) {
        Some("AWS_IAM") => Finding::new("api-authorization", Level::Ok, "the method takes signed calls only (AWS_IAM)"),
        other => Finding::new(
            "api-authorization",
            Level::Error,
            format!("the method's authorization is {}: anybody can try passwords", other.unwrap_or("not set")),
        )
        .remedy(REDEPLOY),
    }
}

/// The stage: nothing is cached, and nothing is traced.
#[must_use]
pub fn stage(properties: &Value) -> [Finding; 2] {
    let settings = || properties.get("MethodSettings").and_then(Value::as_array).into_iter().flatten();
    let any = |key: &str| settings().any(|setting| setting.get(key).is_some_and(is_true));
    let cached = properties.get("CacheClusterEnabled").is_some_and(is_true) || any("CachingEnabled");
    let cache = match cached {
        false => Finding::new("api-cache", Level::Ok, "answers are not cached"),
        true => Finding::new(
            "api-cache",
            Level::Error,
            "answers are cached: an old password goes on working, and one user can get another's answer",
        )
        .remedy(REDEPLOY),
    };
    let trace = match any("DataTraceEnabled") {
        false => Finding::new("api-data-trace", Level::Ok, "requests are not traced"),
        true => Finding::new("api-data-trace", Level::Error, "requests are traced: passwords are in CloudWatch's logs")
            .remedy(format!(
                "{REDEPLOY}; then delete the execution log group and let those users change their passwords"
            )),
    };
    [cache, trace]
}

/// CloudFormation writes `true`, and sometimes `"true"`.
fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true) || value.as_str() == Some("true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_signed_calls() {
        assert_eq!(method(&json!({"AuthorizationType": "AWS_IAM"})).level, Level::Ok);
        assert_eq!(method(&json!({"AuthorizationType": "NONE"})).level, Level::Error);
        assert_eq!(method(&json!({})).level, Level::Error);
    }

    #[test]
    fn no_cache_and_no_trace() {
        let levels = |properties: Value| stage(&properties).map(|finding| finding.level);
        assert_eq!(
            levels(json!({"MethodSettings": [{"DataTraceEnabled": false, "CachingEnabled": "false"}]})),
            [Level::Ok; 2]
        );
        assert_eq!(levels(json!({})), [Level::Ok; 2]);
        assert_eq!(levels(json!({"CacheClusterEnabled": "true"})), [Level::Error, Level::Ok]);
        assert_eq!(levels(json!({"MethodSettings": [{}, {"CachingEnabled": true}]})), [Level::Error, Level::Ok]);
        assert_eq!(levels(json!({"MethodSettings": [{"DataTraceEnabled": "true"}]})), [Level::Ok, Level::Error]);
    }
}
