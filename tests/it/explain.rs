//! `explain`: what a user gets from the access rules, and why. No service is asked.

use crate::support::cli::Cli;

const RULES: &str = r#"
name = "demo"
[okta]
org_url = "https://acme.okta.com"
login_domain = "acme.com"
service_app = { client_id = "0oa1", key_id = "k", private_key_secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta" }
[storage]
bucket = "acme-files"
[[access]]
groups = ["sftp-partners"]
allow_from = ["203.0.113.0/24"]
[[access.folders]]
path = "/in"
target = "/{bucket}/partners/{login}/in"
permissions = "write-only"
[[access.folders]]
path = "/team"
target = "/{bucket}/teams/{profile.team}"
permissions = "read-only"
[[access]]
users = ["*@acme.com"]
home = "/{bucket}/home/{login}"
"#;

fn explain(arguments: &[&str]) -> String {
    let cli = Cli::new();
    let file = cli.write("rules.toml", RULES).to_string_lossy().into_owned();
    let ran = cli.run(&[&["explain", "--config", &file, "--user", "Alice"], arguments].concat());
    ran.expect_code(0);
    ran.stdout
}

#[test]
fn the_first_rule_that_means_the_user_decides() {
    let member = ["--groups", "staff,sftp-partners", "--attribute", "team=red"];
    insta::assert_snapshot!(explain(&[&member[..], &["--source-ip", "203.0.113.9"]].concat()), @"
    alice@acme.com is let in by rule 1

      rule 1    means this user and decides
      rule 2    is not reached: an earlier rule has decided

      folder    /in  s3://acme-files/partners/alice@acme.com/in  write-only
      folder    /team  s3://acme-files/teams/red  read-only
    ");
    insta::assert_snapshot!(explain(&[&member[..], &["--source-ip", "203.0.114.9"]].concat()), @"
    alice@acme.com is refused: the access rule of this user does not allow this source address

      rule 1    means this user and refuses: the access rule of this user does not allow this source address
      rule 2    is not reached: an earlier rule has decided
    ");
    insta::assert_snapshot!(explain(&["--groups", ""]), @"
    alice@acme.com is let in by rule 2

      rule 1    means members of groups in which this user is not
      rule 2    means this user and decides

      folder    /  s3://acme-files/home/alice@acme.com  read-write
    ");
    insta::assert_snapshot!(explain(&[]), @"
    alice@acme.com is refused: it depends on the user's groups, which are not known: give --groups

      rule 1    means this user only as a member of its groups, and the groups are not known
      rule 2    means this user and decides
    ");
}

#[test]
fn the_policy_is_in_the_document() {
    let told: serde_json::Value = serde_json::from_str(&explain(&["--groups", "", "--output", "json"])).unwrap();
    assert_eq!(told["result"], "granted");
    assert_eq!(told["explain"]["rule"], 2);
    assert_eq!(told["explain"]["policy"]["Statement"][0]["Resource"], "arn:aws:s3:::acme-files");
}

#[test]
fn a_name_that_nobody_has() {
    let cli = Cli::new();
    let file = cli.write("rules.toml", RULES).to_string_lossy().into_owned();
    cli.run(&["explain", "--config", &file, "--user", "a..b"]).expect_code(2);
}
