use serde_json::json;

use super::*;
use crate::aws::s3;
use crate::fixture::{self, ECHO, FUNCTION, Fixture, METHOD};

async fn call(fixture: &Fixture, event: &str) -> Result<Value, FunctionError> {
    let invoker = Invoker { service: "apigateway.amazonaws.com", source_arn: METHOD };
    let answer = invoke(&fixture.world, FUNCTION, &invoker, event.to_owned().into()).await?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

fn is_running(pid: &Value) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.as_str().unwrap())).is_ok_and(|stat| !stat.contains(") Z"))
}

/// Waits until a process is gone: what ends it does not wait for it.
async fn ended(pid: &Value) {
    for _ in 0..1000 {
        if !is_running(pid) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("process {pid} still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_kept_warm_and_logs() {
    let fixture = fixture::deployed();
    let first = call(&fixture, r#"{"a":"b"}"#).await.unwrap();
    let second = call(&fixture, r#"{"a":"ü"}"#).await.unwrap();
    assert_eq!((&first["body"], &second["body"]), (&json!(r#"{"a":"b"}"#), &json!(r#"{"a":"ü"}"#)));
    let pid = first["headers"]["x-pid"].clone();
    assert_eq!(second["headers"]["x-pid"], pid, "the same process");

    let log = fixture.log("/function", "END RequestId").await;
    let log = if log.matches("REPORT").count() == 2 { log } else { fixture.log("/function", "REPORT").await };
    assert!(log.contains("started as provider with something\n"), "{log}");
    assert!(log.contains("START RequestId: ") && log.contains(" Version: $LATEST\n"), "{log}");
    assert!(log.contains("Memory Size: 256 MB\tMax Memory Used: ") && !log.contains("Used: 0 MB"), "{log}");
    assert!(log.contains("Init Duration: ") && log.contains("handled "), "{log}");

    assert!(is_running(&pid));
    stop(&fixture.world).await;
    assert!(!is_running(&pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_side_by_side_have_processes_of_their_own() {
    let fixture = fixture::deployed();
    let calls = (0..6).map(|number| {
        let world = Arc::clone(&fixture.world);
        tokio::spawn(async move {
            let invoker = Invoker { service: "apigateway.amazonaws.com", source_arn: METHOD };
            let event = format!("event {number}");
            let answer = invoke(&world, FUNCTION, &invoker, event.clone().into()).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer["body"], json!(event));
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    stop(&fixture.world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_failure_and_hang() {
    let fixture = fixture::deployed();
    assert_eq!(call(&fixture, "do-crash").await, Err(FunctionError::Crashed("with error: exit status 3".into())));
    let log = fixture.log("/function", "Error: Runtime exited").await;
    assert!(log.contains("about to crash"), "{log}");

    let failed = call(&fixture, "do-fail").await.unwrap_err();
    assert_eq!(failed, FunctionError::Reported(r#"{"errorType":"Oops","errorMessage":"no"}"#.into()));

    let pid = call(&fixture, "x").await.unwrap()["headers"]["x-pid"].clone();
    assert_eq!(call(&fixture, "do-hang").await, Err(FunctionError::TimedOut(2)));
    fixture.log("/function", "Task timed out after 2.00 seconds").await;
    // A process that hangs is killed.
    ended(&pid).await;
    assert_ne!(call(&fixture, "x").await.unwrap()["headers"]["x-pid"], pid, "and the next one is new");
    stop(&fixture.world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_cannot_run() {
    let fixture = fixture::deployed();
    let settle = |key: &str| {
        fixture.set("AWS::Lambda::Function", "provider", "Code", json!({"S3Bucket": "artifacts", "S3Key": key}));
    };
    for (key, zip, expected) in [
        ("none.zip", fixture::zip(&[("settings.json", "{}", 0o644)]), "Couldn't find valid bootstrap(s)"),
        ("mode.zip", fixture::zip(&[("bootstrap", ECHO, 0o644)]), "not executable"),
        ("text.zip", b"text".to_vec(), "it is no zip file"),
        ("format.zip", fixture::zip(&[("bootstrap", "\u{1}\u{2}\u{3}", 0o755)]), "bootstrap cannot be started"),
        (
            "ends.zip",
            fixture::zip(&[("bootstrap", "#!/bin/sh\necho no settings >&2\nexit 1\n", 0o755)]),
            "exit status 1",
        ),
    ] {
        fixture.upload(key, &zip);
        settle(key);
        let error = call(&fixture, "x").await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.is_configuration());
        fixture.log("/function", expected).await;
    }
    fixture.log("/function", "no settings").await;
    settle("missing.zip");
    let error = call(&fixture, "x").await.unwrap_err();
    assert_eq!(error.to_string(), "the code is missing: there is no s3://artifacts/missing.zip");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_starts_anew_and_a_deletion_ends() {
    let fixture = fixture::deployed();
    let first = call(&fixture, "x").await.unwrap()["headers"]["x-pid"].clone();
    fixture.upload("code/2.zip", &fixture::zip(&[("bootstrap", &ECHO.replace("$event\\", "new $event\\"), 0o755)]));
    fixture.set("AWS::Lambda::Function", "provider", "Code", json!({"S3Bucket": "artifacts", "S3Key": "code/2.zip"}));
    let second = call(&fixture, "x").await.unwrap();
    assert_eq!(second["body"], "new x");
    ended(&first).await;

    // Code whose object was deleted can still be run.
    s3::delete(&fixture.world, "artifacts", "code/2.zip", None).unwrap();
    assert_eq!(call(&fixture, "x").await.unwrap()["body"], "new x");

    fixture.remove("AWS::Lambda::Function", "provider");
    assert_eq!(call(&fixture, "x").await, Err(FunctionError::Absent(FUNCTION.into())));
    // A function that is gone runs no longer.
    ended(&second["headers"]["x-pid"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_whom_a_permission_names() {
    let fixture = fixture::deployed();
    for (service, source_arn) in [
        ("transfer.amazonaws.com", METHOD),
        (
            "apigateway.amazonaws.com",
            "arn:aws:execute-api:eu-west-1:000000000000:api2/prod/GET/servers/s-1/users/bob/config",
        ),
        ("apigateway.amazonaws.com", ""),
    ] {
        let invoker = Invoker { service, source_arn };
        let error = invoke(&fixture.world, FUNCTION, &invoker, "x".into()).await.unwrap_err();
        assert_eq!(error, FunctionError::Denied(service.into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_of_a_killed_sandbox_are_ended() {
    let fixture = fixture::deployed();
    let pid = call(&fixture, "x").await.unwrap()["headers"]["x-pid"].clone();
    end_orphans(fixture.world.folder());
    ended(&pid).await;
    // A number that belongs to something else now is left alone.
    let own = std::process::id();
    orphans::note(fixture.world.folder(), own);
    end_orphans(fixture.world.folder());
    stop(&fixture.world).await;
}
