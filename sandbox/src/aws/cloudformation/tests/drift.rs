//! Drift, of what can be changed past the stack: a log group's retention, a role's trust.

use serde_json::{Value, json};

use super::{SMALL, Sandbox};
use crate::aws::wire::Call;
use crate::aws::wire::query::Parameters;
use crate::aws::{iam, logs};

fn detect(sandbox: &Sandbox) -> (Value, Vec<Value>) {
    let id = sandbox.call("DetectStackDrift", &[("StackName", "demo")]).unwrap()["StackDriftDetectionId"].clone();
    std::thread::sleep(sandbox.world().pace());
    let id = [("StackDriftDetectionId", id.as_str().unwrap())];
    let status = sandbox.call("DescribeStackDriftDetectionStatus", &id).unwrap();
    let filter = [
        ("StackName", "demo"),
        ("StackResourceDriftStatusFilters.member.1", "MODIFIED"),
        ("StackResourceDriftStatusFilters.member.2", "DELETED"),
    ];
    let rows = sandbox.call("DescribeStackResourceDrifts", &filter).unwrap()["StackResourceDrifts"].clone();
    (status, rows.as_array().unwrap().clone())
}

fn call(action: &str) -> Call {
    Call { action: action.into(), region: "eu-west-1".into() }
}

#[tokio::test]
async fn what_is_changed_past_the_stack_is_found() {
    let sandbox = Sandbox::new(&[]);
    sandbox.deploy(SMALL, "CREATE", &[], &[]);
    let (status, rows) = detect(&sandbox);
    assert_eq!(
        (&status["DetectionStatus"], &status["StackDriftStatus"]),
        (&json!("DETECTION_COMPLETE"), &json!("IN_SYNC"))
    );
    assert_eq!(rows, Vec::<Value>::new());

    let retention = json!({"logGroupName": "/x/one", "retentionInDays": 1});
    logs::answer(sandbox.world(), &call("PutRetentionPolicy"), &retention).unwrap();
    let role = sandbox.call("DescribeStackResource", &[("StackName", "demo"), ("LogicalResourceId", "Role")]).unwrap();
    let role = role["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap().to_owned();
    let form = format!("RoleName={role}&PolicyDocument=%7B%22Version%22%3A%222012-10-17%22%7D");
    iam::answer(sandbox.world(), &call("UpdateAssumeRolePolicy"), &Parameters::parse(form.as_bytes())).unwrap();
    let (status, rows) = detect(&sandbox);
    assert_eq!((&status["StackDriftStatus"], &status["DriftedStackResourceCount"]), (&json!("DRIFTED"), &json!(2)));
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["LogicalResourceId"].clone(),
                row["StackResourceDriftStatus"].clone(),
                row["PropertyDifferences"].clone(),
            )
        })
        .collect();
    let retention = json!([{"PropertyPath": "/RetentionInDays", "ExpectedValue": "7", "ActualValue": "1", "DifferenceType": "NOT_EQUAL"}]);
    let trust = json!([{
        "PropertyPath": "/AssumeRolePolicyDocument/Version", "ExpectedValue": "null", "ActualValue": "2012-10-17",
        "DifferenceType": "ADD",
    }]);
    assert_eq!(told, [(json!("Group"), json!("MODIFIED"), retention), (json!("Role"), json!("MODIFIED"), trust)]);

    logs::answer(sandbox.world(), &call("DeleteLogGroup"), &json!({"logGroupName": "/x/one"})).unwrap();
    let one = [("StackName", "demo"), ("LogicalResourceId", "Group")];
    let one = sandbox.call("DetectStackResourceDrift", &one).unwrap();
    assert_eq!(one["StackResourceDrift"]["StackResourceDriftStatus"], "DELETED");
}

#[tokio::test]
async fn the_real_template_is_in_sync_right_after_it_was_deployed() {
    let sandbox = Sandbox::new(&[]);
    let usual = super::usual();
    let mut parameters: Vec<_> = usual.iter().map(|(key, value)| (*key, value.as_str())).collect();
    parameters.push(("CreateBucket", "true"));
    sandbox.deploy(super::REAL, "CREATE", &parameters, &[]);
    let (status, rows) = detect(&sandbox);
    assert_eq!(status["StackDriftStatus"], "IN_SYNC", "{rows:#?}");
}
