//! What an answer of TestIdentityProvider means. Pure.
//!
//! Sources: Transfer API reference, TestIdentityProvider; Transfer user guide, "Using Amazon API Gateway to integrate your
//! identity provider" and "Using multiple authentication methods".

use serde::Serialize;
use serde_json::{Map, Value};

use super::rights::{self, Right};

/// The longest session policy that Transfer takes, in characters.
const LONGEST_POLICY: usize = 2048;

/// The answer as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status of the identity provider.
    pub status: i32,
    /// Its body; empty when it could not be asked.
    pub response: String,
    /// Empty on success, and also when the credentials were simply wrong.
    pub message: String,
}

/// What was asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A password.
    Password,
    /// Nothing: the provider is to name the keys that Transfer then compares.
    PublicKey,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The user may sign in.
    Accepted(SignIn),
    /// The user may not, in the documented way of saying so.
    Refused,
    /// The provider was not asked, or answered what Transfer cannot use; why, in one sentence.
    Broken(String),
}

/// What a user gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The role.
    pub role: String,
    /// Where a session starts, as the user sees it.
    pub home: String,
    /// What the user sees, and where it lies.
    pub folders: Vec<Folder>,
    /// What the user may do in at least one folder; `None` without a session policy.
    pub rights: Option<Vec<Right>>,
    /// How many public keys were named.
    pub public_keys: usize,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Folder {
    /// As the user sees it.
    pub path: String,
    /// Where it lies: `/bucket/prefix`.
    pub target: String,
    /// What the user may do there; `None` without a session policy.
    pub rights: Option<Vec<Right>>,
}

impl Answer {
    /// Judges the answer by what it holds. Neither the status nor an empty message says that a user may sign in: only a
    /// role does.
    #[must_use]
    pub fn judge(&self, credential: Credential) -> Verdict {
        if self.status != 200 {
            return Verdict::Broken(match self.message.as_str() {
                "" => format!("the identity provider answered HTTP {}", self.status),
                message => format!("the identity provider answered HTTP {}: {message}", self.status),
            });
        }
        match (self.response.trim(), self.message.trim()) {
            ("", "") => Verdict::Refused,
            ("", message) => Verdict::Broken(message.to_owned()),
            (response, _) => match serde_json::from_str(response) {
                Ok(Value::Object(answer)) => judge(&answer, credential),
                Ok(_) => Verdict::Broken("the identity provider's answer is no JSON object".to_owned()),
                Err(_) => Verdict::Broken("the identity provider's answer is not JSON".to_owned()),
            },
        }
    }
}

fn judge(answer: &Map<String, Value>, credential: Credential) -> Verdict {
    let role = match answer.get("Role") {
        Some(Value::String(role)) => role.trim(),
        None | Some(Value::Null) => "",
        Some(_) => return Verdict::Broken("Role is not a text".to_owned()),
    };
    if role.is_empty() {
        // What Lambda answers for a function that failed.
        return match answer.get("errorMessage").or_else(|| answer.get("errorType")) {
            Some(error) => Verdict::Broken(format!("the function failed: {error}")),
            None => Verdict::Refused,
        };
    }
    match sign_in(role, answer, credential) {
        Ok(sign_in) if credential == Credential::PublicKey && sign_in.public_keys == 0 => Verdict::Refused,
        Ok(sign_in) => Verdict::Accepted(sign_in),
        Err(why) => Verdict::Broken(why),
    }
}

fn sign_in(role: &str, answer: &Map<String, Value>, credential: Credential) -> Result<SignIn, String> {
    if !is_role(role) {
        return Err(format!("Role {role:?} is not the ARN of a role"));
    }
    let public_keys = match (answer.get("PublicKeys"), credential) {
        (None, _) => 0,
        (Some(_), Credential::Password) => {
            return Err("the answer to a password holds PublicKeys, with which Transfer refuses it".to_owned());
        }
        (Some(Value::Array(keys)), Credential::PublicKey) if keys.iter().all(Value::is_string) => keys.len(),
        (Some(_), Credential::PublicKey) => return Err("PublicKeys is not a list of texts".to_owned()),
    };
    let policy = policy(answer)?;
    let rights_at = |target: &str| policy.as_ref().map(|policy| rights::of_policy(policy, target));
    let (home, mappings) = home(answer)?;
    let folders: Vec<Folder> =
        mappings.into_iter().map(|(path, target)| Folder { rights: rights_at(&target), path, target }).collect();
    let rights = policy.is_some().then(|| {
        let mut all: Vec<Right> = folders.iter().flat_map(|folder| folder.rights.iter().flatten().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    });
    Ok(SignIn { role: role.to_owned(), home, folders, rights, public_keys })
}

/// `arn:PARTITION:iam::ACCOUNT:role/NAME` (pattern of the API: `arn:.*role/\S+`).
fn is_role(role: &str) -> bool {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam", "", _, name]
        if name.strip_prefix("role/").is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace)))
}

fn policy(answer: &Map<String, Value>) -> Result<Option<Value>, String> {
    match answer.get("Policy") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(policy)) if policy.is_empty() => Ok(None),
        Some(Value::String(policy)) if policy.chars().count() > LONGEST_POLICY => {
            Err(format!("Policy is longer than {LONGEST_POLICY} characters"))
        }
        Some(Value::String(policy)) => match serde_json::from_str(policy) {
            Ok(policy @ Value::Object(_)) => Ok(Some(policy)),
            Ok(_) | Err(_) => Err("Policy is not the JSON of a policy".to_owned()),
        },
        Some(_) => Err("Policy is not a text that holds JSON".to_owned()),
    }
}

/// Where a session starts, and each folder with where it lies.
fn home(answer: &Map<String, Value>) -> Result<(String, Vec<(String, String)>), String> {
    let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match text("HomeDirectoryType").unwrap_or("PATH") {
        "PATH" => {
            let home = text("HomeDirectory").ok_or("HomeDirectory is missing: no file could be reached")?;
            if home.trim_matches('/').is_empty() {
                return Err("HomeDirectory names no bucket: no file could be reached".to_owned());
            }
            Ok((home.to_owned(), vec![(home.to_owned(), home.to_owned())]))
        }
        "LOGICAL" => {
            let details = text("HomeDirectoryDetails").ok_or("HomeDirectoryDetails is not a text that holds JSON")?;
            let mappings = mappings(details).ok_or("HomeDirectoryDetails is no list of Entry and Target")?;
            Ok((text("HomeDirectory").unwrap_or("/").to_owned(), mappings))
        }
        other => Err(format!("HomeDirectoryType is {other:?}")),
    }
}

fn mappings(details: &str) -> Option<Vec<(String, String)>> {
    let entries: Vec<Value> = serde_json::from_str(details).ok()?;
    let path = |entry: &Value, name: &str| {
        entry.get(name)?.as_str().filter(|path| path.starts_with('/')).map(ToOwned::to_owned)
    };
    let mappings: Option<Vec<_>> =
        entries.iter().map(|entry| Some((path(entry, "Entry")?, path(entry, "Target")?))).collect();
    mappings.filter(|mappings| !mappings.is_empty())
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
