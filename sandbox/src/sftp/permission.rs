//! What a user may do: the role's own policies and the session policy, both of them, for each operation.

use crate::policy::{Context, Document, Request, allows, context, is_allowed_to_role};
use crate::resources::Resources;
use crate::signature::role_by_arn;

/// The permission of one sign-in.
#[derive(Debug, Clone)]
pub(super) struct Permission {
    role: String,
    session_policy: Option<Document>,
    context: Context,
}

impl Permission {
    /// `None` for a session policy that is not one. `home` is bucket and key of the home folder.
    pub(super) fn new(role: &str, policy: Option<&str>, user: &str, home: Option<(String, String)>) -> Option<Self> {
        let session_policy = match policy {
            None => None,
            Some(policy) => Some(Document::from_text(policy)?),
        };
        let mut known = context([("transfer:UserName", user), ("aws:SecureTransport", "true")]);
        if let Some((bucket, key)) = home {
            known = known
                .with("transfer:HomeDirectory", &[bucket.as_str(), &key].join("/"))
                .with("transfer:HomeBucket", &bucket)
                .with("transfer:HomeFolder", &key);
        }
        Some(Self { role: role.to_owned(), session_policy, context: known })
    }

    /// Whether Transfer can assume the role for this user: the role is there and trusts Transfer.
    pub(super) fn can_be_assumed(&self, resources: &Resources, region: &str, server: &str, user: &str) -> bool {
        let Some(role) = role_by_arn(resources, &self.role) else { return false };
        let trust = role.property(&["AssumeRolePolicyDocument"]).and_then(Document::from_json);
        let source = format!("arn:aws:transfer:{region}:{}:user/{server}/{user}", crate::ACCOUNT);
        let request = Request {
            action: "sts:AssumeRole",
            resource: &self.role,
            principals: &["transfer.amazonaws.com".to_owned()],
            context: &context([("aws:SourceAccount", crate::ACCOUNT), ("aws:SourceArn", &source)]),
        };
        trust.is_some_and(|trust| allows(&[trust], &request))
    }

    /// Whether objects whose keys begin with `prefix` may be listed.
    pub(super) fn lists(&self, resources: &Resources, bucket: &str, prefix: &str) -> bool {
        let known = self.context.clone().with("s3:prefix", prefix).with("s3:delimiter", "/");
        self.allows(resources, "s3:ListBucket", &format!("arn:aws:s3:::{bucket}"), &known)
    }

    /// Whether an action on an object is allowed.
    pub(super) fn allows_object(&self, resources: &Resources, action: &str, bucket: &str, key: &str) -> bool {
        self.allows(resources, action, &format!("arn:aws:s3:::{bucket}/{key}"), &self.context)
    }

    fn allows(&self, resources: &Resources, action: &str, resource: &str, known: &Context) -> bool {
        let principals = [self.role.clone()];
        let request = Request { action, resource, principals: &principals, context: known };
        let session = self.session_policy.as_ref();
        session.is_none_or(|policy| allows(std::slice::from_ref(policy), &request))
            && is_allowed_to_role(resources, &self.role, &request)
    }
}
