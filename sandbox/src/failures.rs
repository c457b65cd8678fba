//! Failures on request (`sandbox start --fail CreateRole`), so that a person sees what the deployer says.

use crate::aws::cloudformation::type_names;

/// The actions that the sandbox answers as a call of their own, by the service's signing name.
const ACTIONS: [(&str, &[&str]); 6] = [
    (
        "cloudformation",
        &[
            "CreateChangeSet",
            "CreateStack",
            "DeleteChangeSet",
            "DeleteStack",
            "DescribeChangeSet",
            "DescribeStackDriftDetectionStatus",
            "DescribeStackEvents",
            "DescribeStackResource",
            "DescribeStackResourceDrifts",
            "DescribeStackResources",
            "DescribeStacks",
            "DetectStackDrift",
            "DetectStackResourceDrift",
            "ExecuteChangeSet",
            "GetStackPolicy",
            "GetTemplate",
            "GetTemplateSummary",
            "ListChangeSets",
            "ListExports",
            "ListImports",
            "ListStackResources",
            "ListStacks",
            "SetStackPolicy",
            "UpdateStack",
            "UpdateTerminationProtection",
            "ValidateTemplate",
        ],
    ),
    (
        "iam",
        &[
            "GetRole",
            "GetRolePolicy",
            "ListAttachedRolePolicies",
            "ListRolePolicies",
            "ListRoles",
            "UpdateAssumeRolePolicy",
        ],
    ),
    (
        "logs",
        &[
            "CreateLogStream",
            "DeleteLogGroup",
            "DeleteRetentionPolicy",
            "DescribeLogGroups",
            "DescribeLogStreams",
            "FilterLogEvents",
            "GetLogEvents",
            "PutLogEvents",
            "PutRetentionPolicy",
        ],
    ),
    ("secretsmanager", &["DescribeSecret", "GetSecretValue", "ListSecrets"]),
    ("sts", &["AssumeRole", "GetCallerIdentity"]),
    (
        "transfer",
        &[
            "CreateServer",
            "DeleteServer",
            "DescribeHostKey",
            "DescribeSecurityPolicy",
            "DescribeServer",
            "ImportHostKey",
            "ListHostKeys",
            "ListSecurityPolicies",
            "ListServers",
            "ListTagsForResource",
            "StartServer",
            "StopServer",
            "TagResource",
            "TestIdentityProvider",
            "UntagResource",
            "UpdateServer",
        ],
    ),
];

/// Those of the names that no action and no type has: only a resource of a template can be called that, by its logical id.
pub fn only_logical_ids(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str).filter(|name| !is_known(name))
}

fn is_known(name: &str) -> bool {
    let known = Failures { names: vec![name.to_owned()] };
    let is_action =
        || ACTIONS.iter().any(|(service, actions)| actions.iter().any(|action| known.for_action(service, action)));
    let is_of_type = |kind: &str| {
        name == kind || ["Create", "Update", "Delete"].iter().any(|verb| known.for_resource_action(verb, kind))
    };
    known.server_start() || is_action() || type_names().any(is_of_type)
}

/// What is to fail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    names: Vec<String>,
}

/// A failure was asked for that has no meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "nothing is called `{name}` that could fail: name an action (CreateRole, CreateServer), a resource type \
     (AWS::IAM::Role), a resource of the template (EncryptionKey), or server-start"
)]
pub struct UnknownFailure {
    /// What was asked for.
    pub name: String,
}

impl Failures {
    /// Takes names as a person writes them.
    pub(crate) fn parse(names: &[String]) -> Result<Self, UnknownFailure> {
        let fits = |name: &str| name == "server-start" || name.starts_with("AWS::") || is_identifier(name);
        match names.iter().find(|name| !fits(name)) {
            Some(name) => Err(UnknownFailure { name: name.clone() }),
            None => Ok(Self { names: names.to_vec() }),
        }
    }

    /// Whether a call of `service` (its signing name, such as `iam`) is to be refused: `CreateServer`, or
    /// `transfer:CreateServer`.
    pub(crate) fn for_action(&self, service: &str, action: &str) -> bool {
        self.names.iter().any(|name| name == action || *name == format!("{service}:{action}"))
    }

    /// Whether an action on a resource of this type is to fail: `Create`, `Update` or `Delete`, as in `DeleteRole`.
    pub(crate) fn for_resource_action(&self, verb: &str, kind: &str) -> bool {
        let noun = kind.rsplit("::").next().unwrap_or(kind);
        self.names.iter().any(|name| *name == format!("{verb}{noun}"))
    }

    /// Whether a resource is to fail whenever it is made or changed: by its type, or by its logical id.
    pub(crate) fn for_resource(&self, kind: &str, logical_id: &str) -> bool {
        self.names.iter().any(|name| name == kind || name == logical_id)
    }

    /// Whether servers end in START_FAILED.
    pub(crate) fn server_start(&self) -> bool {
        self.names.iter().any(|name| name == "server-start")
    }
}

fn is_identifier(name: &str) -> bool {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    match name.split_once(':') {
        Some((service, action)) => plain(service) && plain(action),
        None => plain(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(name: &str) -> Failures {
        Failures::parse(&[name.to_owned()]).unwrap()
    }

    #[test]
    fn a_resource_fails_by_type_by_action_and_by_name() {
        for name in ["AWS::IAM::Role", "UserRole"] {
            assert!(failures(name).for_resource("AWS::IAM::Role", "UserRole"));
            assert!(!failures(name).for_resource("AWS::KMS::Key", "EncryptionKey"));
        }
        for verb in ["Create", "Update", "Delete"] {
            let failures = failures(&format!("{verb}Role"));
            assert!(failures.for_resource_action(verb, "AWS::IAM::Role"));
            assert!(!failures.for_resource_action(verb, "AWS::KMS::Key"));
            assert!(!failures.for_resource("AWS::IAM::Role", "UserRole"));
        }
    }

    #[test]
    fn an_action_fails_with_and_without_its_service() {
        assert!(failures("CreateServer").for_action("transfer", "CreateServer"));
        assert!(failures("transfer:CreateServer").for_action("transfer", "CreateServer"));
        assert!(!failures("s3:CreateServer").for_action("transfer", "CreateServer"));
        assert!(failures("server-start").server_start());
    }

    #[test]
    fn what_no_action_and_no_type_is_called_is_a_logical_id() {
        let names = [
            "CreateRole",
            "CreateRolle",
            "AWS::IAM::Role",
            "AWS::IAM::Rolle",
            "transfer:CreateServer",
            "s3:CreateServer",
            "server-start",
            "EncryptionKey",
        ]
        .map(str::to_owned);
        let told: Vec<_> = only_logical_ids(&names).collect();
        assert_eq!(told, ["CreateRolle", "AWS::IAM::Rolle", "s3:CreateServer", "EncryptionKey"]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for name in ["", "server start", "create-role", ":"] {
            assert!(Failures::parse(&[name.to_owned()]).is_err(), "{name}");
        }
    }
}
