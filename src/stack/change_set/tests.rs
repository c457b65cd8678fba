use super::*;

#[test]
fn each_answer_has_a_verdict() {
    let status = |text: &str| ChangeSetStatus::from(text);
    let judge = |status_text: &str, execution: &str, reason: &str| {
        verdict(Some(&status(status_text)), Some(&ExecutionStatus::from(execution)), Some(reason), 3)
    };
    let unchanged =
        "The submitted information didn't contain changes. Submit different information to create a change set.";
    let executable = |warning: Option<&str>| Verdict::Executable { changes: 3, warning: warning.map(Into::into) };
    let rejected = |reason: &str| Some(Verdict::Rejected(reason.into()));
    assert_eq!(judge("CREATE_PENDING", "UNAVAILABLE", ""), None);
    assert_eq!(judge("CREATE_IN_PROGRESS", "UNAVAILABLE", ""), None);
    assert_eq!(judge("CREATE_COMPLETE", "AVAILABLE", ""), Some(executable(None)));
    assert_eq!(judge("CREATE_COMPLETE", "AVAILABLE", "[WARN] x"), Some(executable(Some("[WARN] x"))));
    assert_eq!(judge("FAILED", "UNAVAILABLE", unchanged), Some(Verdict::NoChange));
    assert_eq!(judge("FAILED", "UNAVAILABLE", "No updates are to be performed."), Some(Verdict::NoChange));
    assert_eq!(judge("FAILED", "UNAVAILABLE", "bad"), rejected("bad"));
    assert_eq!(judge("FAILED", "UNAVAILABLE", ""), rejected("no reason given"));
    assert_eq!(judge("CREATE_COMPLETE", "OBSOLETE", "r"), Some(Verdict::Overtaken));
    assert_eq!(judge("NEW", "AVAILABLE", "r"), rejected("its status is NEW, AVAILABLE: r"));
}

#[test]
fn an_executed_change_set_is_no_error() {
    let refusal = |status: &str| Refusal {
        code: "InvalidChangeSetStatus".into(),
        message: format!("ChangeSet [x] cannot be executed in its current execution status of [{status}]"),
        ..Refusal::default()
    };
    for status in ["EXECUTE_IN_PROGRESS", "EXECUTE_COMPLETE", "EXECUTE_FAILED"] {
        assert!(is_executed(&refusal(status)), "{status}");
    }
    assert!(!is_executed(&refusal("OBSOLETE")) && is_obsolete(&refusal("OBSOLETE")));
    assert!(!is_executed(&refusal("UNAVAILABLE")) && !is_obsolete(&refusal("UNAVAILABLE")));
}
