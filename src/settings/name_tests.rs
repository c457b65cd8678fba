//! Names and tags that a service would refuse, each refusal as a person reads it.

use super::refusal_tests::told;
use super::resolve_tests::{LEAST, from_file, from_flags};
use super::{Given, Settings, Value, resolve, resolve_tests};
use crate::error::Error;

/// One refusal after the other. What is long on purpose is shortened.
fn all_told(refused: impl IntoIterator<Item = Result<Settings, Error>>) -> String {
    let short = |text: String| text.replace(&"x".repeat(30), "…").replace("……", "…").replace("……", "…");
    refused.into_iter().map(|result| short(told(result))).collect::<Vec<_>>().join("\n\n")
}

fn tagged(lines: &str) -> Result<Settings, Error> {
    from_file(&format!("{LEAST}[tags]\n{lines}"))
}

#[test]
fn tags_that_cannot_be_set() {
    insta::assert_snapshot!(all_told([
        tagged("\"aws:team\" = \"data\""),
        tagged("\"AWS:team\" = \"data\""),
        tagged(&format!("k{} = \"data\"", "x".repeat(128))),
        tagged(&format!("team = \"{}\"", "x".repeat(257))),
        tagged("\"\" = \"data\""),
        tagged("team = \"a;b\""),
        tagged("\"sftp-okta:deployment\" = \"other\""),
        tagged("managed-by = \"me\""),
        tagged("\"transfer:customHostname\" = \"sftp.acme.com\""),
    ]));
}

#[test]
fn more_tags_than_fit() {
    let lines = |most: usize| (0..most).map(|at| format!("t{at} = \"\"\n")).collect::<String>();
    let flags = |most: usize| Given {
        tags: (0..most).map(|at| Value::flag("tag", format!("t{at}="))).collect(),
        ..Given::default()
    };
    tagged(&lines(45)).unwrap();
    resolve(&flags(45), Some(&resolve_tests::file(LEAST))).unwrap();
    insta::assert_snapshot!(all_told([tagged(&lines(46)), resolve(&flags(46), Some(&resolve_tests::file(LEAST))),]));
}

#[test]
fn a_tag_by_flag() {
    let refused = ["team", "=data", "aws:team=data"].map(|tag| {
        let given = Given { tags: vec![Value::flag("tag", tag)], ..Given::default() };
        resolve(&given, Some(&resolve_tests::file(LEAST)))
    });
    insta::assert_snapshot!(all_told(refused));
}

#[test]
fn deployment_names_that_no_stack_could_have() {
    let long = "x".repeat(41);
    let refused = ["", "1partners", "partners_test", "partners.test", "Partners", "partners-", &long];
    insta::assert_snapshot!(all_told(refused.map(|name| from_flags(&[("name", name)]))));
}

#[test]
fn stack_names_that_cloudformation_refuses() {
    let long = "x".repeat(129);
    let refused = ["", "1stack", "-stack", "my_stack", "my stack", "my/stack", "größe", &long];
    insta::assert_snapshot!(all_told(refused.map(|name| from_file(&format!("stack_name = \"{name}\"\n{LEAST}")))));
}

#[test]
fn bucket_names_that_s3_refuses() {
    let long = "x".repeat(64);
    let refused = [
        "",
        "ab",
        &long,
        "Acme_Files",
        "-acme",
        "acme-",
        "acme..files",
        "acme.-files",
        "192.168.5.4",
        "xn--acme",
        "sthree-acme",
        "amzn-s3-demo-acme",
        "acme-s3alias",
        "acme--ol-s3",
        "acme.mrap",
        "acme--x-s3",
        "acme--table-s3",
        "s3://acme-files/in",
        "arn:aws:s3:::acme-files",
    ];
    insta::assert_snapshot!(all_told(refused.map(|name| from_file(&LEAST.replace("acme-files", name)))));
}

#[test]
fn buckets_of_other_settings_obey_the_same_rules() {
    insta::assert_snapshot!(all_told([
        from_file(&format!("artifact_bucket = \"Acme\"\n{LEAST}")),
        from_file(&format!("{LEAST}create_bucket = true\naccess_log_bucket = \"acme_logs\"")),
        from_file(&format!("{}create_bucket = true", LEAST.replace("acme-files", "acme.files"))),
    ]));
}
