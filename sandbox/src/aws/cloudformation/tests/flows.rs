use super::*;

fn pairs<'a>(list: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    list.iter().map(|(key, value)| (*key, value.as_str())).collect()
}

fn with(key: &'static str, value: &str) -> Vec<(&'static str, String)> {
    let mut list: Vec<_> = usual().into_iter().filter(|(name, _)| *name != key).collect();
    list.push((key, value.into()));
    list
}

fn rows(described: &Value) -> Vec<String> {
    let row = |change: &Value| {
        let change = &change["ResourceChange"];
        let text = |name: &str| change[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", text("Action"), text("LogicalResourceId"), text("Replacement"), text("PolicyAction"))
    };
    described["Changes"].as_array().unwrap().iter().map(row).collect()
}

macro_rules! snapshot {
    ($($value:tt)*) => {
        insta::with_settings!({filters => vec![
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
        ]}, { insta::assert_snapshot!($($value)*) })
    };
}

#[tokio::test]
async fn the_real_template_creates_a_stack() {
    let sandbox = Sandbox::new(&[]);
    let described = sandbox.deploy(REAL, "CREATE", &pairs(&usual()), &[]);
    snapshot!("create_events", sandbox.events("demo").join("\n"));
    assert_eq!(rows(&described).len(), 29, "{:#?}", rows(&described));
    let stack = sandbox.stack();
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE");
    let outputs: Vec<_> =
        stack["Outputs"].as_array().unwrap().iter().map(|output| output["OutputKey"].as_str().unwrap()).collect();
    assert_eq!(outputs.len(), 8);
    let url =
        stack["Outputs"].as_array().unwrap().iter().find(|output| output["OutputKey"] == "TransferIdentityProviderUrl");
    let url = url.unwrap()["OutputValue"].as_str().unwrap();
    assert!(url.ends_with(".execute-api.eu-west-1.amazonaws.com/prod"), "{url}");
    assert_eq!(sandbox.call("GetTemplate", &[("StackName", "demo")]).unwrap()["TemplateBody"], REAL);
    assert_eq!(sandbox.events("demo")[0], "demo REVIEW_IN_PROGRESS User Initiated");
}

#[tokio::test]
async fn new_code_changes_the_function_and_nothing_else() {
    let sandbox = Sandbox::new(&[]);
    sandbox.deploy(REAL, "CREATE", &pairs(&usual()), &[]);
    let same = sandbox.deploy(REAL, "UPDATE", &pairs(&usual()), &[]);
    assert_eq!(same["Status"], "FAILED");
    assert!(same["StatusReason"].as_str().unwrap().contains("didn't contain changes"));
    assert_eq!(same["ExecutionStatus"], "UNAVAILABLE");
    let before = sandbox.events("demo").len();
    let described = sandbox.deploy(REAL, "UPDATE", &pairs(&with("ArtifactKey", &code("b"))), &[]);
    assert_eq!(rows(&described), ["Modify IdentityProviderFunction False -"]);
    let detail = &described["Changes"][0]["ResourceChange"]["Details"][0];
    assert_eq!(detail["CausingEntity"], "ArtifactKey");
    assert_eq!(detail["Target"]["RequiresRecreation"], "Never");
    assert_eq!(
        sandbox.events("demo")[before..].join("\n"),
        "\
demo UPDATE_IN_PROGRESS User Initiated
IdentityProviderFunction UPDATE_IN_PROGRESS
IdentityProviderFunction UPDATE_COMPLETE
demo UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
demo UPDATE_COMPLETE"
    );
}

/// The policy of the only API.
fn policy(sandbox: &Sandbox) -> Value {
    let api = |state: &crate::state::State| state.resources.of_kind("AWS::ApiGateway::RestApi").next().cloned();
    sandbox.world().read(api).unwrap().properties["Policy"].clone()
}

/// So a template has to send one that does no harm.
#[tokio::test]
async fn an_api_keeps_its_policy_when_the_property_goes() {
    const API: &str = "
Parameters:
  Closed: {Type: String}
Conditions:
  IsClosed: !Equals [!Ref Closed, 'true']
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: a, Policy: !If [IsClosed, {Statement: []}, !Ref AWS::NoValue]}
";
    let sandbox = Sandbox::new(&[]);
    sandbox.deploy(API, "CREATE", &[("Closed", "true")], &[]);
    sandbox.deploy(API, "UPDATE", &[("Closed", "false")], &[]);
    assert_eq!(policy(&sandbox), json!({"Statement": []}));

    let sandbox = Sandbox::new(&[]);
    let condition = || policy(&sandbox)["Statement"][0]["Condition"].clone();
    let other_accounts = json!({"StringNotEquals": {"aws:PrincipalAccount": "000000000000"}});
    sandbox.deploy(REAL, "CREATE", &pairs(&usual()), &[]);
    assert_eq!(condition(), other_accounts);
    sandbox.deploy(REAL, "UPDATE", &pairs(&with("RestrictToInvocationRole", "true")), &[]);
    assert!(condition()["ArnNotEquals"]["aws:PrincipalArn"].is_string(), "{}", condition());
    sandbox.deploy(REAL, "UPDATE", &pairs(&with("RestrictToInvocationRole", "false")), &[]);
    assert_eq!(condition(), other_accounts);
}

#[tokio::test]
async fn another_name_replaces_what_is_named() {
    let sandbox = Sandbox::new(&[]);
    sandbox.deploy(REAL, "CREATE", &pairs(&usual()), &[]);
    let before = sandbox.events("demo").len();
    let described = sandbox.deploy(REAL, "UPDATE", &pairs(&with("DeploymentName", "other")), &[]);
    snapshot!("replacement_rows", rows(&described).join("\n"));
    snapshot!("replacement_events", sandbox.events("demo")[before..].join("\n"));
    assert!(sandbox.world().read(|state| !state.log_groups.exists("/aws/lambda/sftp-okta-demo")));
    assert!(sandbox.world().read(|state| state.log_groups.exists("/aws/lambda/sftp-okta-other")));
}

#[tokio::test]
async fn a_failing_update_gives_back_what_was() {
    let sandbox = Sandbox::new(&["UpdateKey"]);
    sandbox.deploy(SMALL, "CREATE", &[], &[]);
    let before = sandbox.events("demo").len();
    let resources = |sandbox: &Sandbox| {
        let rows = sandbox.call("ListStackResources", &[("StackName", "demo")]).unwrap();
        let row = |row: &Value| format!("{} {}", row["LogicalResourceId"], row["PhysicalResourceId"]);
        rows["StackResourceSummaries"].as_array().unwrap().iter().map(row).collect::<Vec<_>>()
    };
    let physical = resources(&sandbox);
    sandbox.deploy(SMALL, "UPDATE", &[("Name", "two")], &[]);
    snapshot!("failing_update_events", sandbox.events("demo")[before..].join("\n"));
    assert_eq!(resources(&sandbox), physical);
    assert_eq!(sandbox.stack()["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(sandbox.stack()["Outputs"][0]["OutputValue"], "/x/one");
    assert!(sandbox.world().read(|state| state.log_groups.exists("/x/one") && !state.log_groups.exists("/x/two")));
}

#[tokio::test]
async fn a_failing_creation_is_rolled_back() {
    let sandbox = Sandbox::new(&["CreateKey"]);
    sandbox.deploy(SMALL, "CREATE", &[], &[]);
    snapshot!("failing_create_events", sandbox.events("demo").join("\n"));
    assert_eq!(sandbox.stack()["StackStatus"], "ROLLBACK_COMPLETE");
    let update = [("StackName", "demo"), ("TemplateBody", SMALL), ("Capabilities.member.1", "CAPABILITY_IAM")];
    let said = refusal(sandbox.call("UpdateStack", &update));
    assert!(said.as_str().unwrap().ends_with("is in ROLLBACK_COMPLETE state and can not be updated."), "{said}");
}

#[tokio::test]
async fn deletion_keeps_what_is_retained() {
    let sandbox = Sandbox::new(&[]);
    sandbox.deploy(REAL, "CREATE", &pairs(&with("CreateBucket", "true")), &[]);
    let arn = sandbox.stack()["StackId"].as_str().unwrap().to_owned();
    let before = sandbox.events("demo").len();
    sandbox
        .call("UpdateTerminationProtection", &[("StackName", "demo"), ("EnableTerminationProtection", "true")])
        .unwrap();
    let said = refusal(sandbox.call("DeleteStack", &[("StackName", "demo")]));
    assert!(said.as_str().unwrap().contains("cannot be deleted while TerminationProtection is enabled"), "{said}");
    sandbox
        .call("UpdateTerminationProtection", &[("StackName", "demo"), ("EnableTerminationProtection", "false")])
        .unwrap();
    let delete = [("StackName", "demo"), ("ClientRequestToken", "t")];
    sandbox.call("DeleteStack", &delete).unwrap();
    sandbox.work_off();
    snapshot!("delete_events", sandbox.events(&arn)[before..].join("\n"));
    let said = refusal(sandbox.call("DescribeStacks", &[("StackName", "demo")]));
    assert_eq!(said, "ValidationError Stack with id demo does not exist");
    let gone = sandbox.call("DescribeStacks", &[("StackName", &arn)]).unwrap();
    assert_eq!(gone["Stacks"][0]["StackStatus"], "DELETE_COMPLETE");
    assert!(sandbox.world().read(|state| s3::bucket_exists(state, "files")));
    // The name is free again, and the bucket stands in the way until it is imported.
    sandbox.deploy(REAL, "CREATE", &pairs(&with("CreateBucket", "true")), &[]);
    assert_eq!(sandbox.stack()["StackStatus"], "ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn a_retained_bucket_can_be_imported() {
    let sandbox = Sandbox::new(&[]);
    let parameters = with("CreateBucket", "true");
    sandbox.deploy(REAL, "CREATE", &pairs(&parameters), &[]);
    sandbox.call("DeleteStack", &[("StackName", "demo")]).unwrap();
    sandbox.work_off();
    let described = sandbox.deploy(REAL, "CREATE", &pairs(&parameters), &[("ImportExistingResources", "true")]);
    assert!(rows(&described).contains(&"Import UserBucket - -".to_owned()), "{:?}", rows(&described));
    assert_eq!(sandbox.stack()["StackStatus"], "CREATE_COMPLETE");
}

#[tokio::test]
async fn missing_code_fails_as_lambda_says() {
    let sandbox = Sandbox::new(&[]);
    sandbox.deploy(REAL, "CREATE", &pairs(&with("ArtifactKey", &code("c"))), &[]);
    let events = sandbox.events("demo");
    let failed = events.iter().find(|row| row.starts_with("IdentityProviderFunction CREATE_FAILED")).unwrap();
    assert!(failed.contains("S3 Error Code: NoSuchKey"), "{failed}");
    assert_eq!(sandbox.stack()["StackStatus"], "ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn an_operation_excludes_others() {
    let sandbox = Sandbox::new(&[]);
    let create = [
        ("StackName", "demo"),
        ("TemplateBody", SMALL),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
        ("ClientRequestToken", "t1"),
    ];
    let arn = sandbox.call("CreateStack", &create).unwrap()["StackId"].clone();
    assert_eq!(sandbox.call("CreateStack", &create).unwrap()["StackId"], arn, "the token makes it the same request");
    let said = refusal(sandbox.call("UpdateStack", &create[..3]));
    assert!(said.as_str().unwrap().ends_with("is in CREATE_IN_PROGRESS state and can not be updated."), "{said}");
    let said = refusal(sandbox.call("DeleteStack", &[("StackName", "demo")]));
    assert!(said.as_str().unwrap().contains("cannot be deleted while in status CREATE_IN_PROGRESS"), "{said}");
    sandbox.work_off();
    let said = refusal(sandbox.call("UpdateStack", &create[..3]));
    assert_eq!(said, "ValidationError No updates are to be performed.");
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let sandbox = Sandbox::new(&[]);
    let create = [("StackName", "demo"), ("TemplateBody", SMALL), ("Capabilities.member.1", "CAPABILITY_IAM")];
    sandbox.call("CreateStack", &create).unwrap();
    let arn = sandbox.world().read(|state| state.stacks.unfinished()).remove(0);
    sandbox.world().change(|state| operation::step(sandbox.world(), state, &arn));
    let saved = std::fs::read(sandbox.world().folder().join("state.json")).unwrap();
    sandbox.world().change(|state| *state = serde_json::from_slice(&saved).unwrap());
    sandbox.work_off();
    assert_eq!(sandbox.stack()["StackStatus"], "CREATE_COMPLETE");
}
