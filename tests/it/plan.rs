//! `plan`: what a deploy would do, property by property, and nothing is left of having asked.

use serde_json::{Value, json};

use crate::support::fault::Fault;
use crate::support::process::Signal;
use crate::support::sandbox_calls::{OwnSandbox, change_of};
use crate::support::world::{STACK, World};

fn resource<'a>(change: &'a Value, id: &str) -> &'a Value {
    let resources = change["resources"].as_array().expect("resources");
    resources.iter().find(|resource| resource["logical_id"] == id).unwrap_or_else(|| panic!("no {id} in {change}"))
}

#[test]
fn a_plan_shows_before_and_after_and_leaves_nothing_behind() {
    let sandbox = OwnSandbox::start("");
    let first = sandbox.run("plan --exit-code");
    first.expect_code(8);
    assert!(change_of(&first.json(), "stack")["resources"].is_null(), "a stack that is not there has no change set");
    assert_eq!(first.json()["cost"]["usd_per_month"].as_f64().map(|usd| usd >= 220.0), Some(true), "{first}");
    sandbox.run("status").expect_code(7);

    sandbox.change("deploy").expect_code(0);
    sandbox.run("plan --exit-code").expect_code(0);
    let changed = sandbox.run("plan --exit-code --log-retention-days 30 --restrict-to-invocation-role");
    changed.expect_code(8);
    let result = changed.json();
    let stack = change_of(&result, "stack");
    let group = resource(stack, "IdentityProviderLogGroup");
    assert_eq!(
        (&group["action"], &group["replacement"], &group["iam"]),
        (&json!("modify"), &json!("never"), &json!(false))
    );
    let days = group["properties"]
        .as_array()
        .unwrap()
        .iter()
        .find(|property| property["path"] == "/Properties/RetentionInDays");
    assert_eq!((&days.unwrap()["before"], &days.unwrap()["after"]), (&json!("90"), &json!("30")), "{group}");
    assert_eq!(resource(stack, "TransferIdentityProviderApi")["iam"], true, "who may call the API is marked");

    let sets = sandbox.cloudformation("Action=ListChangeSets&StackName=sftp-okta-sandbox");
    assert!(!sets.contains("-plan</ChangeSetName>"), "a plan leaves no change set: {sets}");
    assert_eq!(sandbox.run("status").json()["stack"]["status"], "CREATE_COMPLETE");

    // In words, with what must not be overlooked.
    let told = sandbox.cli().run(&["plan", "--sandbox", "--restrict-to-invocation-role"]);
    assert!(told.stdout.contains("TransferIdentityProviderApi  ApiGateway::RestApi  ! IAM"), "{told}");
    assert!(told.stdout.contains("Costs while it runs:  about USD 22"), "{told}");
}

#[test]
fn a_stack_under_review_is_planned_and_left_as_it_was() {
    let sandbox = OwnSandbox::start("");
    let template = "Resources: {Key: {Type: 'AWS::KMS::Key', Properties: {Description: x}}}";
    let form = format!(
        "Action=CreateChangeSet&StackName=sftp-okta-sandbox&ChangeSetName=theirs&ChangeSetType=CREATE&TemplateBody={}",
        url::form_urlencoded::byte_serialize(template.as_bytes()).collect::<String>()
    );
    let made = sandbox.cloudformation(&form);
    assert!(made.contains("<Id>"), "{made}");
    let planned = sandbox.run("plan");
    planned.expect_code(0);
    // What a first change set would do is not asked: it would be seen by whoever works on the same stack.
    assert_eq!(change_of(&planned.json(), "stack")["action"], "create", "{planned}");
    let sets = sandbox.cloudformation("Action=ListChangeSets&StackName=sftp-okta-sandbox");
    assert_eq!(sets.matches("<ChangeSetName>").count(), 1, "only theirs: {sets}");
    let stack = sandbox.cloudformation("Action=DescribeStacks&StackName=sftp-okta-sandbox");
    assert!(stack.contains("<StackStatus>REVIEW_IN_PROGRESS</StackStatus>"), "{stack}");
}

#[test]
fn a_template_that_was_changed_by_hand_is_told_and_mended() {
    let sandbox = OwnSandbox::start("");
    sandbox.change("deploy").expect_code(0);
    let template = sandbox.cloudformation("Action=GetTemplate&StackName=sftp-okta-sandbox");
    let body = template.split("<TemplateBody>").nth(1).and_then(|rest| rest.split("</TemplateBody>").next()).unwrap();
    let body = body
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'");
    let by_hand = body.replacen("PendingWindowInDays: 7", "PendingWindowInDays: 8", 1);
    assert_ne!(by_hand, body, "{body}");
    let stack = sandbox.run("status").json()["stack"].clone();
    assert_eq!(stack["status"], "CREATE_COMPLETE");
    let described = sandbox.cloudformation("Action=DescribeStacks&StackName=sftp-okta-sandbox");
    let keys = described.split("<ParameterKey>").skip(1).filter_map(|rest| rest.split('<').next());
    let previous: String = keys
        .enumerate()
        .map(|(index, key)| {
            let member = format!("Parameters.member.{}", index + 1);
            format!("&{member}.ParameterKey={key}&{member}.UsePreviousValue=true")
        })
        .collect();
    let encoded: String = url::form_urlencoded::byte_serialize(by_hand.as_bytes()).collect();
    let updated = sandbox.cloudformation(&format!(
        "Action=UpdateStack&StackName=sftp-okta-sandbox&Capabilities.member.1=CAPABILITY_IAM&TemplateBody={encoded}{previous}"
    ));
    assert!(updated.contains("<StackId>"), "{updated}");
    let planned = sandbox.change("deploy --wait-for-lock 10s");
    planned.expect_code(0);
    let details = change_of(&planned.json(), "stack")["details"].to_string();
    assert!(details.contains("changed by hand") || details.contains("after the operation under way"), "{details}");
    sandbox.run("plan --exit-code").expect_code(0);
}

/// Interrupted while CloudFormation is asked: the change set does not stay.
#[test]
fn an_interrupted_plan_leaves_no_change_set() {
    for (signal, code, kind) in [(Signal::INT, 130, "interrupted"), (Signal::TERM, 143, "terminated")] {
        let world = World::deployed();
        world.aws.fault("cloudformation", "DescribeChangeSet", 1..=1, Fault::silence());
        let running = world.start("plan", &["--log-retention-days", "30"]);
        world.aws.wait_for("cloudformation", "DescribeChangeSet", 1);
        running.signal(signal);
        running.wait().expect_failure(code, kind);
        assert_eq!(world.aws.count("cloudformation", "DeleteChangeSet"), 1);
        let listed =
            world.query("cloudformation", &format!("Action=ListChangeSets&Version=2010-05-15&StackName={STACK}"));
        assert!(!listed.text().contains("-plan</ChangeSetName>"), "{}", listed.text());
    }
}
