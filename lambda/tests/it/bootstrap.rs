//! The real program under a Lambda Runtime API that the test plays.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::event::{CANARY, CANARY_BASE64, ROLE, event, settings, success};
use crate::rules::KEY;
use crate::second_factor::{deployment, mfa_required, typed};
use crate::stand_in::{Received, Reply, StandIn, json, response};

/// For a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the program sent back for an event.
struct Answered {
    path: String,
    body: Value,
}

/// The program, its Runtime API and its folder; all end with this value.
struct Function {
    child: Child,
    answers: Receiver<Answered>,
    folder: PathBuf,
    _runtime_api: StandIn,
}

impl Function {
    fn start(test: &str, settings: Option<&str>, events: Vec<String>, environment: &[(&str, &str)]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        if let Some(settings) = settings {
            fs::write(folder.join("settings.json"), settings).unwrap();
        }
        let (sender, answers) = channel();
        let runtime_api = runtime_api(events, sender);
        let child = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
            .env_clear()
            .env("LAMBDA_TASK_ROOT", &folder)
            .env("USER_ROLE_ARN", ROLE)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", "identity-provider")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("HTTP_PROXY", "http://127.0.0.1:1")
            .env("http_proxy", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, answers, folder, _runtime_api: runtime_api }
    }

    fn answer(&self) -> Answered {
        self.answers.recv_timeout(PATIENCE).unwrap()
    }

    /// Ends the program, and returns what it wrote.
    fn output(mut self) -> (String, String) {
        let _ = self.child.kill();
        self.wait_for_end();
        self.written()
    }

    /// Waits until the program ends by itself.
    fn failure(mut self) -> (Option<i32>, String, String) {
        let code = self.wait_for_end();
        let (stdout, stderr) = self.written();
        (code, stdout, stderr)
    }

    fn wait_for_end(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "the program does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn written(&mut self) -> (String, String) {
        let stdout = std::io::read_to_string(self.child.stdout.take().unwrap()).unwrap();
        let stderr = std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        (stdout, stderr)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Hands out the events one by one, then none for ever, as an idle function knows it.
fn runtime_api(events: Vec<String>, answers: Sender<Answered>) -> StandIn {
    let events = Mutex::new(VecDeque::from(events));
    let answers = Mutex::new(answers);
    StandIn::start(move |received: &Received| {
        let mut words = received.head.split(' ');
        match (words.next(), words.next()) {
            (Some("GET"), Some("/2018-06-01/runtime/invocation/next")) => {
                let Some(event) = events.lock().unwrap().pop_front() else { return Reply::Silence };
                let headers = "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: request-1\r\n\
                    Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
                    Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:111122223333:function:identity-provider\r\n";
                Reply::Send(response("200 OK", headers, &event))
            }
            (Some("POST"), Some(path)) => {
                let body = serde_json::from_slice(&received.body).unwrap_or(Value::Null);
                let _ = answers.lock().unwrap().send(Answered { path: path.to_owned(), body });
                Reply::Send(json("202 Accepted", "{}"))
            }
            _ => Reply::Send(json("404 Not Found", "{}")),
        }
    })
}

#[test]
fn signs_in_refuses_and_goes_on() {
    let okta = StandIn::start(|received| {
        let right = String::from_utf8_lossy(&received.body).contains(CANARY);
        Reply::Send(if right {
            json("200 OK", &success())
        } else {
            json(
                "401 Unauthorized",
                r#"{"errorCode":"E0000004","errorSummary":"Authentication failed","errorId":"oae1"}"#,
            )
        })
    });
    let right = event().to_string();
    let wrong = right.replace(CANARY_BASE64, "d3Jvbmc=");
    let events = vec![right.clone(), wrong, "{}".to_owned(), "\"text\"".to_owned(), "null".to_owned(), right];
    let function = Function::start("signs-in", Some(&settings(&okta.url())), events, &[]);

    let expected = [true, false, false, false, false, true];
    for accepted in expected {
        let Answered { path, body } = function.answer();
        assert_eq!(path, "/2018-06-01/runtime/invocation/request-1/response");
        assert_eq!(body["statusCode"], 200);
        let config: Value = serde_json::from_str(body["body"].as_str().unwrap()).unwrap();
        assert_eq!(config.get("Role").is_some(), accepted, "{config}");
        assert_eq!(config.as_object().map(serde_json::Map::len), Some(if accepted { 4 } else { 0 }));
    }
    assert_eq!((okta.received().len(), okta.connections()), (3, 1), "one request a sign-in, over one connection");

    let (stdout, stderr) = function.output();
    let reasons: Vec<String> = stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["reason"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(reasons, ["ok", "bad-credentials", "event-malformed", "event-malformed", "event-malformed", "ok"]);
    assert_eq!(stderr, "");
    for secret in [CANARY, CANARY_BASE64, "00TokenExample"] {
        assert!(!stdout.contains(secret));
    }
}

#[test]
fn broken_configuration_ends_the_start() {
    let sound = settings("https://acme.okta.com");
    let plain = settings("http://acme.okta.com");
    type Environment<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, Option<&str>, Environment<'_>, &str); 5] = [
        ("no-settings", None, &[], "cannot read"),
        ("not-json", Some("{\"schema\":1"), &[], "settings are not readable: EOF"),
        ("insecure", Some(&plain), &[], "passwords are never sent over plain http"),
        ("no-role", Some(&sound), &[("USER_ROLE_ARN", "")], "USER_ROLE_ARN: \"\" is not the ARN of an IAM role"),
        ("no-root", Some(&sound), &[("LAMBDA_TASK_ROOT", "/nowhere")], "cannot read /nowhere/settings.json"),
    ];
    for (test, settings, environment, expected) in cases {
        let (code, stdout, stderr) = Function::start(test, settings, vec![event().to_string()], environment).failure();
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{test}: {stderr}");
        assert!(stderr.starts_with("sftp-okta: ") && stderr.contains(expected), "{test}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{test}: {stderr}");
    }
}

/// The runtime library panics without its environment, which shows what our hook lets through.
#[test]
fn a_panic_tells_its_place_and_nothing_else() {
    let sound = settings("https://acme.okta.com");
    let memory = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", CANARY)];
    let (code, _, stderr) = Function::start("panic", Some(&sound), Vec::new(), &memory).failure();
    assert_ne!(code, Some(0));
    assert!(stderr.starts_with("sftp-okta: panicked at ") && stderr.lines().count() == 1, "{stderr}");
    assert!(!stderr.contains(CANARY) && !stderr.contains("ParseInt"), "{stderr}");
}

/// However loud the process is asked to be: no password, code, token or key of any kind is in what it writes or answers.
#[test]
fn no_secret_leaves_the_process_but_to_okta() {
    let okta = StandIn::start(|received| {
        let path = received.head.split(' ').nth(1).unwrap_or_default();
        Reply::Send(match path {
            "/api/v1/authn" => mfa_required(&["ost1"], "https://evil.example.com"),
            "/oauth2/v1/token" => {
                json("200 OK", r#"{"token_type":"Bearer","expires_in":3600,"access_token":"Canary-token"}"#)
            }
            "/api/v1/users/00u1example/groups" => json("200 OK", r#"[{"id":"00g1","profile":{"name":"partners"}}]"#),
            _ => json("200 OK", &success()),
        })
    });
    let secret = serde_json::json!({"SecretString": KEY}).to_string();
    let secrets = StandIn::sending(response("200 OK", "Content-Type: application/x-amz-json-1.1\r\n", &secret));
    let secrets_url = secrets.url();
    let right = typed(&format!("{CANARY},246810")).to_string();
    let event = |password: &str| {
        format!(
            r#"{{"username":"alice","password":"{password}","protocol":"SFTP","serverId":"s-0123456789abcdef0","sourceIp":"203.0.113.9"}}"#
        )
    };
    let malformed = event(&format!("{CANARY},246810\",\"httpMethod\":\"{CANARY}"));
    let events = [right, event(&format!("{CANARY},246810")), malformed, format!("\"{CANARY}\"")];
    let mut settings: Value = serde_json::from_str(&deployment(&okta.url(), "auto", &["totp"])).unwrap();
    let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta-AbCdEf";
    settings["okta"]["service_app"] =
        serde_json::json!({"client_id": "0oa1", "key_id": "key-1", "private_key_secret": arn});
    settings["access"][0]["groups"] = serde_json::json!(["partners"]);
    let aws = "Canary-aws-key";
    let secret = |text: &str| {
        [CANARY, CANARY_BASE64, "246810", "00Canary-state", "00TokenExample", "Canary-token", "jpsQnnGQmL", aws]
            .into_iter()
            .find(|secret| text.contains(secret))
    };
    for level in ["off", "error", "warn", "info", "debug", "trace"] {
        let environment = [
            ("RUST_LOG", level),
            ("AWS_LAMBDA_LOG_LEVEL", level),
            ("RUST_BACKTRACE", "full"),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", aws),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets_url),
        ];
        let before = okta.received().len();
        let test = format!("no-secret-{level}");
        let function = Function::start(&test, Some(&settings.to_string()), events.to_vec(), &environment);
        let answers: Vec<String> = (0..4).map(|_| function.answer().body.to_string()).collect();
        let accepted: Vec<bool> = answers.iter().map(|answer| answer.contains("Role")).collect();
        let (stdout, stderr) = function.output();
        assert_eq!(accepted, [true, true, false, false], "{level}: {stdout}");
        assert_eq!(stdout.lines().count(), 4, "{level}: {stdout}");
        for text in answers.iter().chain([&stdout, &stderr]) {
            assert_eq!(secret(text), None, "{level}: {text}");
        }
        // To Okta, and there only where it belongs: password, code, token for the groups; and once an assertion for the token.
        let asked = okta.received().split_off(before);
        let holds = |received: &Received| {
            let all = format!("{}{}", received.head, String::from_utf8_lossy(&received.body));
            format!("{} {}", all.split(' ').nth(1).unwrap_or_default(), secret(&all).unwrap_or("-"))
        };
        let [password, code, token, groups] = [
            format!("/api/v1/authn {CANARY}"),
            "/api/v1/authn/factors/ost1/verify 246810".to_owned(),
            "/oauth2/v1/token -".to_owned(),
            "/api/v1/users/00u1example/groups Canary-token".to_owned(),
        ];
        let expected = [&password, &code, &token, &groups, &password, &code, &groups].map(String::as_str);
        assert_eq!(asked.iter().map(holds).collect::<Vec<_>>(), expected, "{level}");
    }
    assert!(secrets.received().iter().all(|received| secret(&received.head).is_none()));
}
