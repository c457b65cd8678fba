//! The environment of a function's process: what Lambda documents ("Defined runtime environment variables"), the function's
//! own variables, and nothing of ours. The SDKs in it are led to the sandbox, and never to AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Wanted;
use crate::signature;

/// Keys of the role live as long as the sandbox usually does.
const SESSION: Duration = Duration::from_secs(12 * 3600);

/// All variables.
pub(super) fn of(wanted: &Wanted, runtime_api: &str, log_stream: &str, endpoint: &str) -> BTreeMap<String, String> {
    let key = signature::assume_role(&wanted.role, &wanted.name, SESSION);
    let own = wanted.variables.as_object().into_iter().flatten();
    let own = own.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let given = [
        ("AWS_ACCESS_KEY_ID", key.access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", &key.secret),
        ("AWS_SESSION_TOKEN", &key.token),
        ("AWS_DEFAULT_REGION", &wanted.region),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &wanted.memory.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", &wanted.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &wanted.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_REGION", &wanted.region),
        ("LAMBDA_TASK_ROOT", &wanted.code.to_string_lossy()),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
        ("_HANDLER", "bootstrap"),
    ];
    // What Lambda sets cannot be set by the function.
    own.chain(given.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}
