//! What a session policy lets a user do in a folder, in words. Pure.

use serde::Serialize;
use serde_json::Value;

/// Something a user may do in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// See what is there.
    List,
    /// Get files.
    Download,
    /// Put files.
    Upload,
    /// Remove files.
    Delete,
}

impl Right {
    const ALL: [Self; 4] = [Self::List, Self::Download, Self::Upload, Self::Delete];

    /// The action that S3 is asked for.
    const fn action(self) -> &'static str {
        match self {
            Self::List => "s3:ListBucket",
            Self::Download => "s3:GetObject",
            Self::Upload => "s3:PutObject",
            Self::Delete => "s3:DeleteObject",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Download => "download",
            Self::Upload => "upload",
            Self::Delete => "delete",
        }
    }
}

/// The rights as a person says them; `None` is a sign-in without a session policy.
#[must_use]
pub fn in_words(rights: Option<&[Right]>) -> String {
    use Right::{Delete, Download, List, Upload};
    match rights {
        None => "all that the role allows: there is no session policy".to_owned(),
        Some([]) => "nothing".to_owned(),
        Some([List, Download, Upload, Delete]) => "read and write".to_owned(),
        Some([List, Download]) => "read only".to_owned(),
        Some([List, Upload]) => "write only (drop box)".to_owned(),
        Some(several) => several.iter().map(|right| right.word()).collect::<Vec<_>>().join(", "),
    }
}

/// What `policy` allows in the folder that lies at `target` (`/bucket/prefix`), as IAM evaluates it: a statement that
/// allows and none that denies. Conditions other than `s3:prefix` are taken as met.
#[must_use]
pub(super) fn of_policy(policy: &Value, target: &str) -> Vec<Right> {
    let path = target.trim_start_matches('/');
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let statements = in_list(policy.get("Statement"));
    let asked = |right: Right| match right {
        Right::List => bucket.to_owned(),
        Right::Download | Right::Upload | Right::Delete if prefix.is_empty() => format!("{bucket}/file"),
        Right::Download | Right::Upload | Right::Delete => format!("{bucket}/{prefix}/file"),
    };
    let decided = |right: Right, effect: &str| {
        statements.iter().any(|statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && texts(statement.get("Action")).any(|action| matches(action, right.action()))
                && texts(statement.get("Resource")).any(|resource| matches(name_in(resource), &asked(right)))
                && (right != Right::List || lists(statement, prefix))
        })
    };
    Right::ALL.into_iter().filter(|right| decided(*right, "Allow") && !decided(*right, "Deny")).collect()
}

/// What follows `arn:PARTITION:s3:::`.
fn name_in(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// Whether the statement's condition on `s3:prefix` lets the folder be listed.
fn lists(statement: &Value, prefix: &str) -> bool {
    let folder = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let Some(conditions) = statement.get("Condition").and_then(Value::as_object) else { return true };
    conditions.iter().all(|(operator, keys)| match keys.get("s3:prefix") {
        None => true,
        Some(values) if operator == "StringLike" => texts(Some(values)).any(|value| matches(value, &folder)),
        Some(values) => texts(Some(values)).any(|value| value == folder),
    })
}

fn in_list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    in_list(value).into_iter().filter_map(Value::as_str)
}

/// Whether `text` fits `pattern`, in which `*` is any text and `?` any character. The sizes are those of one policy.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return alike(pattern, text) };
    let fits = |start: &str| start.chars().count() == before.chars().count() && alike(before, start);
    let Some((at, _)) = text.char_indices().chain([(text.len(), ' ')]).nth(before.chars().count()) else {
        return false;
    };
    let (start, rest) = text.split_at(at);
    fits(start)
        && rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| matches(after, rest.split_at(at).1))
}

fn alike(pattern: &str, text: &str) -> bool {
    pattern.chars().count() == text.chars().count()
        && pattern.chars().zip(text.chars()).all(|(wanted, found)| wanted == '?' || wanted == found)
}

#[cfg(test)]
mod tests {
    use sftp_okta_lambda::access::GrantedFolder;
    use sftp_okta_lambda::home::{HomeTemplate, Values};
    use sftp_okta_lambda::permissions::Permissions;
    use sftp_okta_lambda::session_policy::session_policy;

    use super::*;

    fn words(policy: &str, target: &str) -> String {
        in_words(Some(&of_policy(&serde_json::from_str(policy).unwrap(), target)))
    }

    /// What the function itself writes is understood.
    #[test]
    fn the_functions_own_policies() {
        let values = Values { login: "alice", okta_id: None, profile: None };
        let home = HomeTemplate::parse("/{bucket}/home/{login}").unwrap().home("acme", &values).unwrap();
        for (permissions, told) in [
            (Permissions::ReadWrite, "read and write"),
            (Permissions::ReadOnly, "read only"),
            (Permissions::WriteOnly, "write only (drop box)"),
        ] {
            let folder = GrantedFolder { path: "/".to_owned(), home: home.clone(), permissions };
            let policy = session_policy(&[folder], None, "aws-us-gov").unwrap();
            assert_eq!(words(&policy, "/acme/home/alice"), told);
            assert_eq!(words(&policy, "/acme/home/alice2"), "nothing");
            assert_eq!(words(&policy, "/other/home/alice"), "nothing");
        }
    }

    #[test]
    fn policies_of_others() {
        for (policy, told) in [
            (r#"{"Statement":[]}"#, "nothing"),
            (r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#, "read and write"),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b*"},
                    {"Effect":"Deny","Action":["s3:Delete*"],"Resource":["arn:aws:s3:::b/x/*"]}]}"#,
                "list, download, upload",
            ),
            (r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject?","Resource":"*"}}"#, "nothing"),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b",
                    "Condition":{"StringEquals":{"s3:prefix":["x/"]}}}}"#,
                "list",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b",
                    "Condition":{"StringLike":{"s3:prefix":"y/*"}}}}"#,
                "nothing",
            ),
        ] {
            assert_eq!(words(policy, "/b/x"), told, "{policy}");
        }
        assert_eq!(words(r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#, "/b"), "read and write");
    }

    #[test]
    fn patterns() {
        for (pattern, text) in [("*", ""), ("a*", "a"), ("a*c*e", "abcde"), ("?b", "ab"), ("a?*", "ab"), ("*é", "xé")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", "ab"), ("a*", "ba"), ("a*c", "ab"), ("?", ""), ("aé*", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
