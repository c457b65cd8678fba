//! The policies that `doctor` prints, enforced: with them every command works, and each action that is taken away breaks
//! something.
//!
//! ministack checks signatures and policies (`AUTH=true`) of what the deployer itself calls there, and the scripted Transfer
//! endpoint knows which actions its caller may do. What a stack makes is not checked against the caller.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{actions, called, direct, printed, refused};
use crate::doctor::expect_found;
use crate::support::cli::Ran;
use crate::support::loopback::Reply;
use crate::support::process::until;
use crate::support::transfer::Life;
use crate::support::world::{PASSWORD, STACK, World, own_seed, s3};

const ARTIFACTS: &str = "/sftp-okta-artifacts-000000000000-us-east-1";

/// What has more to do than the least: a stack that is protected, a tag, and elastic IPs, for which a server stops once.
const SETTINGS: &str = "termination_protection = true\n[tags]\nteam = \"data\"\n[server.endpoint]\nvpc = \"vpc-1a2b3c4d\"\n\
    subnets = [\"subnet-1a2b3c4d\"]\nelastic_ips = [\"eipalloc-1a2b3c4d\"]\n";

/// An account in which a pipeline's user may do what a policy says.
struct Account {
    world: World,
}

impl Account {
    fn new() -> Self {
        let world = World::with_auth();
        assert_eq!(world.s3("PUT", "/acme-files", "").status, 200);
        iam(&world, "Action=CreateUser&UserName=ci");
        let key = iam(&world, "Action=CreateAccessKey&UserName=ci");
        let part = |name: &str| key.split_once(&format!("<{name}>")).unwrap().1.split('<').next().unwrap().to_owned();
        let (id, secret) = (part("AccessKeyId"), part("SecretAccessKey"));
        let world = world.cli(|cli| {
            let cli = cli.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret);
            cli.env("SFTP_OKTA_VERIFY_PASSWORD", PASSWORD)
        });
        world.cli.write("sftp-okta.toml", SETTINGS);
        Self { world }
    }

    /// The user may do from now on what a policy says, and nothing else.
    fn grant(&self, policy: &Value) {
        let document: String = url::form_urlencoded::byte_serialize(policy.to_string().as_bytes()).collect();
        iam(&self.world, &format!("Action=PutUserPolicy&UserName=ci&PolicyName=p&PolicyDocument={document}"));
        self.world.transfer.allow(Some(actions(policy)));
    }

    /// The user may do everything.
    fn grant_all(&self) {
        self.grant(&json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}));
        self.world.transfer.allow(None);
    }

    /// Runs a command on its own page of calls.
    fn run(&self, command: &str, more: &[&str]) -> Ran {
        self.world.clear();
        self.world.run(command, more)
    }

    /// A call of somebody who may do everything.
    fn cloudformation(&self, form: &str) -> Reply {
        self.world.query("cloudformation", &format!("{form}&Version=2010-05-15&StackName={STACK}"))
    }

    /// An S3 call of somebody who may do everything: through the proxy, since the artifact bucket wants TLS.
    fn s3(&self, method: &str, path: &str, body: &str) -> Reply {
        s3(&self.world.aws.endpoint(), method, path, body)
    }

    /// Lifts the protection, as only a person does.
    fn unprotect(&self) {
        self.cloudformation("Action=UpdateTerminationProtection&EnableTerminationProtection=false");
    }

    /// `demo` is deployed.
    fn deployed(&self) {
        self.grant_all();
        self.run("deploy", &[]).expect_code(0);
    }

    /// `demo` is deployed, and may be removed.
    fn removable(&self) {
        self.deployed();
        self.unprotect();
    }

    /// Another run has begun to remove it, and was killed.
    fn abandoned(&self) {
        self.removable();
        let lease = json!({"run": "r", "command": "teardown", "caller": "c", "lives_ms": 1, "renewal": 0});
        assert_eq!(self.s3("PUT", &format!("{ARTIFACTS}/demo/lease.json"), &lease.to_string()).status, 200);
    }

    /// There is nothing but the users' bucket.
    fn empty(&self) {
        for server in self.world.own_servers() {
            self.world.transfer.set_life(server["ServerId"].as_str().unwrap(), Life::Gone);
        }
        self.unprotect();
        self.cloudformation("Action=DeleteStack");
        let gone = || self.world.stack_status(STACK).is_none_or(|status| status == "DELETE_COMPLETE").then_some(());
        assert!(until(Duration::from_secs(10), gone).is_some(), "{:?}", self.world.stack_status(STACK));
        let listed = self.s3("GET", ARTIFACTS, "").text();
        for key in listed.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0)) {
            self.s3("DELETE", &format!("{ARTIFACTS}/{key}"), "");
        }
        let deleted = self.s3("DELETE", ARTIFACTS, "");
        assert!([204, 404].contains(&deleted.status), "{}", deleted.text());
    }

    /// Nothing yet, and another run makes a server at the same time.
    fn contended(&self) {
        self.empty();
        let details = json!({"VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"]});
        let rival = json!({"IdentityProviderType": "API_GATEWAY", "EndpointType": "VPC", "EndpointDetails": details});
        self.world.transfer.rival(own_seed().with(rival));
    }

    /// Nothing but a stack of `demo` whose creation failed.
    fn rolled_back(&self) {
        self.empty();
        let template = json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic",
            "Properties": {"DisplayName": {"Fn::ImportValue": "nobody-exports-this"}}}}});
        let template: String = url::form_urlencoded::byte_serialize(template.to_string().as_bytes()).collect();
        let tags = [("sftp-okta:deployment", "demo"), ("sftp-okta:stack", STACK)];
        let tag = |(at, (key, value)): (usize, &(&str, &str))| {
            format!("&Tags.member.{0}.Key={key}&Tags.member.{0}.Value={value}", at + 1)
        };
        let tags: String = tags.iter().enumerate().map(tag).collect();
        self.cloudformation(&format!("Action=CreateStack&TemplateBody={template}{tags}"));
        let failed = || (self.world.stack_status(STACK).as_deref() == Some("ROLLBACK_COMPLETE")).then_some(());
        assert!(until(Duration::from_secs(10), failed).is_some(), "{:?}", self.world.stack_status(STACK));
    }

    /// `demo` is deployed, and somebody took a tag off the server.
    fn untagged(&self) {
        self.deployed();
        let arn = self.world.own_servers()[0]["Arn"].clone();
        self.world.transfer.by_hand("UntagResource", &json!({"Arn": arn, "TagKeys": ["team"]}));
    }
}

fn iam(world: &World, form: &str) -> String {
    let answer = world.query("iam", &format!("{form}&Version=2010-05-08"));
    assert_eq!(answer.status, 200, "{form}: {}", answer.text());
    answer.text()
}

/// A policy as it is printed, but for one resource: ministack sees none in a call that names a change set by its ARN alone;
/// AWS sees that set's stack.
fn policy(purpose: &str) -> Value {
    let mut policy = printed(purpose);
    for statement in policy["Statement"].as_array_mut().unwrap() {
        if statement["Sid"] == "Stack" {
            statement["Resource"] = json!("*");
        }
    }
    policy
}

/// The policy without one action.
fn without(policy: &Value, action: &str) -> Value {
    let mut policy = policy.clone();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        let action_now = &statement["Action"];
        let all = action_now.as_array().cloned().unwrap_or_else(|| vec![action_now.clone()]);
        let mut kept: Vec<Value> = all.into_iter().filter(|found| *found != action).collect();
        if kept.is_empty() {
            kept.push(json!("none:None"));
        }
        statement["Action"] = json!(kept);
    }
    policy
}

/// One way that a command can take.
struct Way {
    /// What there is before it.
    before: fn(&Account),
    command: &'static str,
    more: &'static [&'static str],
    /// What it calls only by chance: another way is sure to.
    by_chance: &'static [&'static str],
}

const fn way(before: fn(&Account), command: &'static str, more: &'static [&'static str]) -> Way {
    Way { before, command, more, by_chance: &[] }
}

/// Takes away, one after the other, every action that one of these ways is seen to call. Those of the policy that none of
/// them calls are `uncalled`, each with its reason.
fn each_removed_action_breaks_something(purpose: &str, ways: &[Way], uncalled: &[(&str, &str)]) {
    let account = Account::new();
    let whole = policy(purpose);
    let mut proved = BTreeSet::new();
    for Way { before, command, more, by_chance } in ways {
        let run_with = |policy: &Value| {
            before(&account);
            account.grant(policy);
            account.run(command, more)
        };
        let ran = run_with(&whole);
        ran.expect_code(0);
        assert_eq!(refused(&account.world), BTreeSet::new(), "{command} {more:?}: {ran}");
        for action in called(&account.world) {
            if by_chance.contains(&action.as_str()) || !proved.insert(action.clone()) {
                continue;
            }
            let ran = run_with(&without(&whole, &action));
            let missed = refused(&account.world);
            assert_eq!(missed, BTreeSet::from([action]), "{command} {more:?} without it: {ran}");
        }
    }
    let never: Vec<_> = direct(&whole).difference(&proved).cloned().collect();
    assert_eq!(never, uncalled.iter().map(|(action, _)| *action).collect::<Vec<_>>(), "{purpose}");
}

/// What a change set of a stack with tags needs.
const FOR_TAGS: [(&str, &str); 2] = [
    ("cloudformation:TagResource", "AWS wants it for a change set with tags; ministack does not"),
    ("cloudformation:UntagResource", "AWS wants it for one that takes tags away; ministack does not"),
];

#[test]
fn each_action_of_plan_is_needed() {
    let ways = [
        way(Account::empty, "plan", &[]),
        way(Account::deployed, "plan", &[]),
        way(Account::deployed, "plan", &["--log-retention-days", "7"]),
    ];
    each_removed_action_breaks_something("plan", &ways, &FOR_TAGS);
}

#[test]
fn each_action_of_status_is_needed() {
    let ways = [
        way(Account::deployed, "status", &[]),
        way(Account::deployed, "status", &["--drift"]),
        way(Account::deployed, "status", &["--all"]),
    ];
    each_removed_action_breaks_something(
        "status",
        &ways,
        &[
            ("cloudformation:DetectStackResourceDrift", "DetectStackDrift needs it for every resource"),
            ("iam:GetRole", "CloudFormation's, to read the roles for the drift"),
        ],
    );
}

#[test]
fn each_action_of_teardown_is_needed() {
    let ways = [
        // It reads its lease only when it takes long.
        Way { by_chance: &["s3:GetObject"], ..way(Account::removable, "teardown", &[]) },
        way(Account::abandoned, "teardown", &[]),
    ];
    let uncalled = [("iam:GetRole", "CloudFormation's, to delete the roles")];
    each_removed_action_breaks_something("teardown", &ways, &uncalled);
}

#[test]
fn each_action_of_deploy_is_needed() {
    let ways = [
        way(Account::empty, "deploy", &[]),
        way(Account::contended, "deploy", &[]),
        way(Account::rolled_back, "deploy", &[]),
        way(Account::untagged, "deploy", &[]),
        way(Account::deployed, "deploy", &["--verify", "alice@example.com"]),
        way(Account::deployed, "plan", &["--log-retention-days", "7"]),
    ];
    each_removed_action_breaks_something("deploy", &ways, &FOR_TAGS);
}

/// `doctor` learns the same from IAM. ministack's simulation knows no conditions, so the policy has none here.
#[test]
fn doctor_learns_from_iam_which_action_is_missing() {
    let account = Account::new();
    account.deployed();
    let mut bare = policy("deploy");
    for statement in bare["Statement"].as_array_mut().unwrap() {
        statement.as_object_mut().unwrap().remove("Condition");
        statement["Resource"] = json!("*");
    }
    let asking = json!({"Effect": "Allow", "Action": ["iam:SimulatePrincipalPolicy"], "Resource": "*"});
    bare["Statement"].as_array_mut().unwrap().push(asking);
    account.grant(&bare);
    expect_found(&account.run("doctor", &[]), &["permission ok"]);
    account.grant(&without(&bare, "s3:PutObject"));
    let ran = account.run("doctor", &[]);
    expect_found(&ran, &["permission error"]);
    assert!(ran.stdout.contains("may not do all that deploy does: s3:PutObject\""), "{ran}");
    // Another command may not need it.
    let ran = account.run("doctor", &["--for", "plan"]);
    expect_found(&ran, &["permission ok"]);
    assert!(ran.stdout.contains("may do all that plan does\""), "{ran}");
}
