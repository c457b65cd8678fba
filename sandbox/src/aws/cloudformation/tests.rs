//! Whole operations over the real template, step by step and without waiting.

mod drift;
mod flows;
mod template;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{answer, operation};
use crate::aws::s3;
use crate::aws::wire::query::Parameters;
use crate::aws::wire::{Call, Refusal};
use crate::fixture::{Fixture, empty};
use crate::state::World;

pub(super) const REAL: &str = include_str!("../../../../templates/identity-provider.yaml");
/// A small one: a group, a role that names it, and something that nobody waits for.
pub(super) const SMALL: &str = "
Parameters:
  Name: {Type: String, Default: one}
  Days: {Type: Number, Default: 7}
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub '/x/${Name}', RetentionInDays: !Ref Days}
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}, Description: !GetAtt Group.Arn}
  Key:
    Type: AWS::KMS::Key
    Properties: {Description: !Ref Name}
Outputs:
  Group: {Value: !Ref Group}
";

/// A sandbox whose time stands still.
pub(super) struct Sandbox {
    fixture: Fixture,
}

impl Sandbox {
    pub(super) fn new(failures: &[&str]) -> Self {
        let fixture = empty(failures);
        fixture.upload(&code("a"), b"zip");
        fixture.upload(&code("b"), b"zip");
        Self { fixture }
    }

    pub(super) fn world(&self) -> &Arc<World> {
        &self.fixture.world
    }

    pub(super) fn call(&self, action: &str, fields: &[(&str, &str)]) -> Result<Value, Refusal> {
        let form: String =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields.iter().copied()).finish();
        let call = Call { action: action.into(), region: "eu-west-1".into() };
        answer(self.world(), &call, &Parameters::parse(form.as_bytes()))
    }

    /// Makes and executes a change set, and works it off.
    pub(super) fn deploy(&self, body: &str, kind: &str, parameters: &[(&str, &str)], more: &[(&str, &str)]) -> Value {
        let name = format!("c{}", crate::clock::lower(8));
        let mut fields: Vec<(String, String)> = vec![
            ("StackName".into(), "demo".into()),
            ("ChangeSetName".into(), name.clone()),
            ("ChangeSetType".into(), kind.into()),
            ("TemplateBody".into(), body.into()),
            ("Capabilities.member.1".into(), "CAPABILITY_IAM".into()),
        ];
        for (index, (key, value)) in parameters.iter().enumerate() {
            fields.push((format!("Parameters.member.{}.ParameterKey", index + 1), (*key).into()));
            fields.push((format!("Parameters.member.{}.ParameterValue", index + 1), (*value).into()));
        }
        fields.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let fields: Vec<_> = fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let made = self.call("CreateChangeSet", &fields).unwrap();
        let arn = made["Id"].as_str().unwrap().to_owned();
        std::thread::sleep(self.world().pace());
        let described = self.call("DescribeChangeSet", &[("ChangeSetName", &arn)]).unwrap();
        if described["Status"] == "CREATE_COMPLETE" {
            let token = [("ChangeSetName", arn.as_str()), ("ClientRequestToken", name.as_str())];
            self.call("ExecuteChangeSet", &token).unwrap();
            self.work_off();
        }
        described
    }

    /// All steps at once: the tasks of the operations never run, since a test has no other thread.
    pub(super) fn work_off(&self) {
        for arn in self.world().read(|state| state.stacks.unfinished()) {
            while self.world().change(|state| operation::step(self.world(), state, &arn)) {}
        }
    }

    pub(super) fn stack(&self) -> Value {
        self.call("DescribeStacks", &[("StackName", "demo")]).unwrap()["Stacks"][0].clone()
    }

    /// `logical id status reason`, oldest first, over all pages.
    pub(super) fn events(&self, stack: &str) -> Vec<String> {
        let mut rows = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut fields = vec![("StackName", stack)];
            fields.extend(next.as_deref().map(|token| ("NextToken", token)));
            let page = self.call("DescribeStackEvents", &fields).unwrap();
            let events = page["StackEvents"].as_array().unwrap();
            assert!(events.len() <= 20);
            rows.extend(events.iter().map(|event| {
                let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
                let row = format!(
                    "{} {} {}",
                    text("LogicalResourceId"),
                    text("ResourceStatus"),
                    text("ResourceStatusReason")
                );
                row.trim_end().to_owned()
            }));
            next = page["NextToken"].as_str().map(ToOwned::to_owned);
            if next.is_none() {
                rows.reverse();
                return rows;
            }
        }
    }
}

/// A key as the deployer makes it.
pub(super) fn code(digit: &str) -> String {
    format!("sftp-okta/{}.zip", digit.repeat(64))
}

/// The parameters of the real template that have no default.
pub(super) fn usual() -> Vec<(&'static str, String)> {
    vec![
        ("DeploymentName", "demo".into()),
        ("ArtifactBucket", "artifacts".into()),
        ("ArtifactKey", code("a")),
        ("BucketName", "files".into()),
    ]
}

/// What a request without a template says.
pub(super) fn refusal(result: Result<Value, Refusal>) -> Value {
    let refusal = result.unwrap_err();
    json!(format!("{} {}", refusal.code, refusal.message))
}
