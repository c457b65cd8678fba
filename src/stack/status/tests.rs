use std::fmt::Write as _;

use super::*;

#[test]
fn names_round_trip() {
    for status in StackStatus::ALL {
        assert_eq!(StackStatus::parse(status.as_str()), status);
    }
    assert_eq!(StackStatus::parse("NEW_STATE"), StackStatus::Unknown("NEW_STATE".into()));
}

/// Every status, and for every command what is decided, in a sentence, with what to do next.
#[test]
fn every_status_has_a_decision() {
    let mut table = String::new();
    for status in StackStatus::ALL.into_iter().chain([StackStatus::Unknown("NEW_STATE".into())]) {
        let deploy = match status.for_deploy() {
            DeployStep::Create => "create".to_owned(),
            DeployStep::Update => "update".to_owned(),
            DeployStep::DeleteThenCreate => "delete, then create".to_owned(),
            DeployStep::Wait => "wait, then decide again".to_owned(),
            DeployStep::Stop(Blocked { why, next }) => format!("stop: {why}; {next}"),
        };
        let teardown = match status.for_teardown() {
            TeardownStep::Nothing => "nothing to do".to_owned(),
            TeardownStep::Delete => "delete".to_owned(),
            TeardownStep::Wait => "wait, then decide again".to_owned(),
            TeardownStep::Stop(Blocked { why, next }) => format!("stop: {why}; {next}"),
        };
        let wait = match status.outcome() {
            Outcome::Running => "goes on",
            Outcome::Succeeded => "succeeded",
            Outcome::Failed => "failed",
            Outcome::Gone => "gone",
        };
        let health = if status.is_healthy() { "healthy" } else { "not healthy" };
        let remark = status.remark("demo").map(|remark| format!(": {remark}")).unwrap_or_default();
        let _ = writeln!(table, "{status}");
        let _ = writeln!(table, "  deploy    {deploy}\n  status    {health}{remark}");
        let _ = writeln!(table, "  teardown  {teardown}\n  a wait    {wait}");
    }
    insta::assert_snapshot!(table);
}
