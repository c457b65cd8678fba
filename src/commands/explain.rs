//! `explain`: what a user gets from the access rules, and why. Offline: Okta is not asked, and AWS neither.

use std::net::IpAddr;

use serde_json::{Map, Value};
use sftp_okta_lambda::access::{self, Attempt, Credential, Protocol, Refusal};
use sftp_okta_lambda::person::{Group, Person};
use sftp_okta_lambda::session_policy::session_policy;
use sftp_okta_lambda::user_name::UserName;

use crate::error::{Error, ErrorCode, Result};
use crate::report::{ExplainReport, ExplainedFolder, ExplainedRule, Outcome};
use crate::settings::Settings;

use super::Run;

/// An id of a user in place of one that nobody gave: it only shows where an id would stand.
const SOME_ID: &str = "00u-id-of-the-user";

/// The sign-in that is asked about. Okta is taken to have accepted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who, as typed in an SFTP client.
    pub user: String,
    /// The user's groups, names or ids; `None` where they are not known.
    pub groups: Option<Vec<String>>,
    /// The client's address.
    pub source_ip: Option<IpAddr>,
    /// Okta's id of the user.
    pub okta_id: Option<String>,
    /// Profile attributes.
    pub profile: Vec<(String, String)>,
    /// Whether a key is shown in place of a password.
    pub public_key: bool,
}

/// Puts what the access rules of `settings` say into the report.
///
/// # Errors
/// `Usage` for a user name that nobody can sign in with.
pub fn run(settings: &Settings, question: &Question, run: &mut Run<'_>) -> Result<()> {
    run.report.deployment.name = Some(settings.name.clone());
    let function = settings.function_settings();
    let user = UserName::parse(&question.user, function.okta.login_domain.as_deref()).map_err(|error| {
        Error::new(ErrorCode::Usage, format!("nobody can sign in as {:?}", question.user))
            .cause(error.to_string())
            .resource("--user")
            .hint("give the name as it is typed in an SFTP client")
    })?;
    let okta_id = question.okta_id.as_deref().unwrap_or(SOME_ID);
    let person = Person {
        id: okta_id.to_owned(),
        login: function.okta_login(&user).to_owned(),
        status: Person::ACTIVE.to_owned(),
        profile: question
            .profile
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect::<Map<_, _>>(),
        groups: question
            .groups
            .as_ref()
            .map(|groups| groups.iter().map(|group| Group { id: group.clone(), name: group.clone() }).collect()),
    };
    let attempt = Attempt {
        user: &user,
        source_ip: question.source_ip,
        protocol: Protocol::Sftp,
        credential: if question.public_key { Credential::PublicKey } else { Credential::Password },
        okta_id: Some(okta_id),
        person: Some(&person),
    };
    let rules = access::explain(&function, &attempt)
        .into_iter()
        .map(|told| ExplainedRule { rule: told.rule + 1, verdict: told.verdict.to_string() })
        .collect();
    let mut explained = ExplainReport { login: person.login.clone(), rules, ..ExplainReport::default() };
    match access::decide(&function, &attempt) {
        Ok(grant) => {
            explained.rule = Some(grant.rule + 1);
            explained.folders = grant
                .folders
                .iter()
                .map(|folder| ExplainedFolder {
                    path: folder.path.clone(),
                    target: folder.home.target(),
                    permissions: folder.permissions.to_string(),
                })
                .collect();
            explained.public_keys = grant.public_keys.iter().map(ToString::to_string).collect();
            // The partition is only known at AWS; in all but a few regions it is this one.
            let policy = session_policy(&grant.folders, grant.kms_key_arn.as_deref(), "aws");
            explained.policy = policy.ok().and_then(|policy| serde_json::from_str(&policy).ok());
            run.report.result = Outcome::Granted;
        }
        Err(refusal) => {
            explained.refusal = Some(match (refusal, &question.groups) {
                (Refusal::NotRead, None) => {
                    "it depends on the user's groups, which are not known: give --groups".to_owned()
                }
                (refusal, _) => refusal.to_string(),
            });
            run.report.result = Outcome::Refused;
        }
    }
    run.report.explain = Some(explained);
    Ok(())
}
