//! cfn-lint, checkov and cfn-guard find nothing, and each of them is shown to find something when there is something.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::document::{path, read, repository, text};
use crate::tools::{run, scanner};

/// cfn-guard's exit status when a rule has failed.
const RULE_FAILED: i32 = 19;

fn rules() -> PathBuf {
    repository().join("templates/rules/identity-provider.guard")
}

/// The template with one change, as a file in a folder that lasts as long as the test.
fn changed(from: &str, to: &str) -> (TempDir, PathBuf) {
    let text = text();
    assert!(text.contains(from), "the template no longer holds {from}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("template.yaml");
    std::fs::write(&file, text.replace(from, to)).unwrap();
    (folder, file)
}

/// `I` adds the informational rules, among them I3042, a written-out partition.
fn cfn_lint(template: &Path, statuses: &[i32]) -> String {
    run(scanner("cfn-lint").args(["--include-checks", "I", "--"]).arg(template), statuses)
}

#[test]
fn cfn_lint_finds_nothing() {
    assert_eq!(cfn_lint(&path(), &[0]), "");
}

#[test]
fn cfn_lint_finds_a_written_out_partition() {
    let (_folder, file) = changed("arn:${AWS::Partition}:s3:::${BucketName}/", "arn:aws:s3:::${BucketName}/");
    // 8: findings of the informational level only (cfn-lint README, "Exit codes").
    assert!(cfn_lint(&file, &[8]).contains("I3042"));
}

fn checkov(template: &Path, statuses: &[i32]) -> Value {
    let mut command = scanner("checkov");
    command.args(["--framework", "cloudformation", "--skip-download", "--output", "json", "--file"]).arg(template);
    let report = run(&mut command, statuses);
    serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error} in {report}"))
}

/// A skip is a decision: there are four of them, each with its reason beside the resource.
#[test]
fn checkov_finds_nothing_and_every_skip_has_a_reason() {
    let report = checkov(&path(), &[0]);
    let summary = &report["summary"];
    assert_eq!(summary["failed"], 0, "{report}");
    assert_eq!(summary["parsing_errors"], 0, "{report}");
    let passed = summary["passed"].as_u64().unwrap();
    assert!(passed >= 50, "only {passed} checks were made");

    let skipped = report["results"]["skipped_checks"].as_array().unwrap();
    let mut ids: Vec<_> = skipped.iter().filter_map(|check| check["check_id"].as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_120", "CKV_AWS_73"]);
    for check in skipped {
        let reason = check["check_result"]["suppress_comment"].as_str().unwrap_or_default();
        assert!(reason.len() > 40, "{} is skipped without a reason", check["check_id"]);
    }
}

#[test]
fn checkov_finds_an_unsigned_method() {
    let (_folder, file) = changed("AuthorizationType: AWS_IAM", "AuthorizationType: NONE");
    let report = checkov(&file, &[1]);
    assert_eq!(report["results"]["failed_checks"][0]["check_id"], "CKV_AWS_59");
}

fn cfn_guard(template: &Path, statuses: &[i32]) -> String {
    let mut command = scanner("cfn-guard");
    command.args(["validate", "--show-summary", "all", "--rules"]).arg(rules());
    run(command.arg("--data").arg(template), statuses)
}

#[test]
fn cfn_guard_finds_nothing() {
    let report = cfn_guard(&path(), &[0]);
    let defined = read(&rules()).lines().filter(|line| line.starts_with("rule ")).count();
    let passed =
        report.lines().filter(|line| line.starts_with("identity-provider.guard/") && line.ends_with(" PASS")).count();
    assert_eq!(passed, defined, "every rule passes, and none is skipped for want of a resource\n{report}");
}

#[test]
fn cfn_guard_finds_what_it_is_for() {
    for (from, to, rule) in [
        ("AuthorizationType: AWS_IAM", "AuthorizationType: NONE", "method_is_signed_and_proxied"),
        ("Type: AWS_PROXY", "Type: AWS", "method_is_signed_and_proxied"),
        (
            "Effect: Deny\n            Principal: '*'\n            Action: execute-api:Invoke",
            "Effect: Allow\n            Principal: '*'\n            Action: execute-api:Invoke",
            "api_policy_only_denies",
        ),
        ("DataTraceEnabled: false", "DataTraceEnabled: true", "stage_keeps_nothing"),
        ("CachingEnabled: false", "CachingEnabled: true", "stage_keeps_nothing"),
        ("{aws:SourceAccount: !Ref AWS::AccountId}", "{aws:username: alice}", "transfer_trust_is_conditional"),
        ("DeletionPolicy: Retain", "DeletionPolicy: Delete", "user_data_is_retained"),
        ("{aws:SecureTransport: false}", "{aws:SecureTransport: true}", "bucket_policy_demands_tls"),
        ("KmsKeyId: !GetAtt EncryptionKey.Arn", "LogGroupClass: STANDARD", "log_groups_are_encrypted_and_expire"),
        ("Principal: apigateway.amazonaws.com", "Principal: '*'", "function_permission_is_bound"),
        ("Principal: transfer.amazonaws.com", "Principal: '*'", "function_permission_is_bound"),
        ("TreatMissingData: notBreaching", "TreatMissingData: breaching", "silence_is_no_alarm"),
        ("USER_ROLE_ARN: !GetAtt UserAccessRole.Arn", "OKTA_TOKEN: 00abcdef", "environment_holds_no_secret"),
    ] {
        let (_folder, file) = changed(from, to);
        let report = cfn_guard(&file, &[RULE_FAILED]);
        let failed = |line: &str| line.ends_with(" FAIL") && line.contains(&format!("/{rule} "));
        assert!(report.lines().any(failed), "{to}: {rule} did not fail\n{report}");
    }
}

/// The rules' own tests, which also run without this repository's template.
#[test]
fn cfn_guard_rules_pass_their_own_tests() {
    let tests = rules().with_file_name("identity-provider_tests.yaml");
    let mut command = scanner("cfn-guard");
    let report = run(command.arg("test").arg("--rules-file").arg(rules()).arg("--test-data").arg(tests), &[0]);
    assert!(report.contains("PASS Rules:") && !report.contains("FAIL Rules:"), "{report}");
}
