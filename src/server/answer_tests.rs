//! Every shape an answer can have, with its verdict in one line.

use serde_json::json;

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/sftp-user";
const HOME: &str = r#"[{"Entry":"/","Target":"/acme/home/alice"}]"#;

fn answer(status: i32, response: &str, message: &str) -> Answer {
    Answer { status, response: response.to_owned(), message: message.to_owned() }
}

/// The verdict in a word, with why for a broken one.
fn told(answer: &Answer, credential: Credential) -> String {
    match answer.judge(credential) {
        Verdict::Accepted(_) => "accepted".to_owned(),
        Verdict::Refused => "refused".to_owned(),
        Verdict::Broken(why) => format!("broken: {why}"),
    }
}

fn with_role(more: Value) -> Value {
    let mut whole = json!({"Role": ROLE, "HomeDirectoryType": "LOGICAL", "HomeDirectoryDetails": HOME});
    for (name, value) in more.as_object().unwrap() {
        whole[name] = value.clone();
    }
    whole
}

#[test]
fn only_a_role_is_a_sign_in() {
    let whole = with_role(json!({})).to_string();
    let cases = [
        (200, whole.as_str(), "", "accepted"),
        // A message beside a whole answer changes nothing.
        (200, whole.as_str(), "noted", "accepted"),
        (200, "{}", "", "refused"),
        (200, "", "", "refused"),
        (200, " \n", "", "refused"),
        (200, r#"{"Role":""}"#, "", "refused"),
        (200, r#"{"Role":"  "}"#, "", "refused"),
        (200, r#"{"Role":null}"#, "", "refused"),
        (200, r#"{"Policy":"","HomeDirectory":"/acme"}"#, "", "refused"),
        (200, r#"{"errorMessage":"boom"}"#, "", "broken: the function failed: \"boom\""),
        (
            200,
            "",
            "Unable to call identity provider: Internal server error",
            "broken: Unable to call identity provider: Internal server error",
        ),
        (200, "<html>", "", "broken: the identity provider's answer is not JSON"),
        (200, "[]", "", "broken: the identity provider's answer is no JSON object"),
        (200, "true", "", "broken: the identity provider's answer is no JSON object"),
        (200, r#"{"Role":7}"#, "", "broken: Role is not a text"),
        (200, r#"{"Role":"sftp-user"}"#, "", "broken: Role \"sftp-user\" is not the ARN of a role"),
        (403, whole.as_str(), "", "broken: the identity provider answered HTTP 403"),
        (500, "", "Internal server error", "broken: the identity provider answered HTTP 500: Internal server error"),
        (0, "", "", "broken: the identity provider answered HTTP 0"),
    ];
    for (status, response, message, expected) in cases {
        assert_eq!(told(&answer(status, response, message), Credential::Password), expected, "{status} {response}");
    }
}

#[test]
fn what_transfer_cannot_use_is_broken() {
    let long = format!("{{\"Statement\":\"{}\"}}", "x".repeat(2048));
    let cases = [
        (
            json!({"HomeDirectoryDetails": [{"Entry": "/", "Target": "/acme"}]}),
            "broken: HomeDirectoryDetails is not a text that holds JSON",
        ),
        (json!({"HomeDirectoryDetails": "[]"}), "broken: HomeDirectoryDetails is no list of Entry and Target"),
        (
            json!({"HomeDirectoryDetails": r#"[{"Entry":"/"}]"#}),
            "broken: HomeDirectoryDetails is no list of Entry and Target",
        ),
        (
            json!({"HomeDirectoryDetails": r#"[{"Entry":"x","Target":"/b"}]"#}),
            "broken: HomeDirectoryDetails is no list of Entry and Target",
        ),
        (json!({"HomeDirectoryType": "BOTH"}), "broken: HomeDirectoryType is \"BOTH\""),
        (json!({"HomeDirectoryType": null}), "broken: HomeDirectory is missing: no file could be reached"),
        (
            json!({"HomeDirectoryType": "PATH", "HomeDirectory": "/"}),
            "broken: HomeDirectory names no bucket: no file could be reached",
        ),
        (json!({"HomeDirectoryType": "PATH", "HomeDirectory": "/acme/x"}), "accepted"),
        (json!({"Policy": {"Statement": []}}), "broken: Policy is not a text that holds JSON"),
        (json!({"Policy": "allow"}), "broken: Policy is not the JSON of a policy"),
        (json!({"Policy": long}), "broken: Policy is longer than 2048 characters"),
        (json!({"Policy": ""}), "accepted"),
        (
            json!({"PublicKeys": []}),
            "broken: the answer to a password holds PublicKeys, with which Transfer refuses it",
        ),
    ];
    for (more, expected) in cases {
        let response = with_role(more).to_string();
        assert_eq!(told(&answer(200, &response, ""), Credential::Password), expected, "{response}");
    }
}

#[test]
fn keys_are_what_lets_a_key_user_in() {
    for (more, expected) in [
        (json!({"PublicKeys": ["ssh-ed25519 AAAA alice"]}), "accepted"),
        (json!({"PublicKeys": []}), "refused"),
        (json!({}), "refused"),
        (json!({"PublicKeys": "ssh-ed25519 AAAA"}), "broken: PublicKeys is not a list of texts"),
        (json!({"PublicKeys": [7]}), "broken: PublicKeys is not a list of texts"),
    ] {
        let response = with_role(more).to_string();
        assert_eq!(told(&answer(200, &response, ""), Credential::PublicKey), expected, "{response}");
    }
}

#[test]
fn what_a_user_gets_is_told_folder_by_folder() {
    let statement = |actions: &[&str], at: &str| json!({"Effect": "Allow", "Action": actions, "Resource": format!("arn:aws:s3:::acme/{at}/*")});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme"},
        statement(&["s3:PutObject"], "alice/in"), statement(&["s3:GetObject"], "alice/out"),
    ]});
    let details = r#"[{"Entry":"/inbox","Target":"/acme/alice/in"},{"Entry":"/outbox","Target":"/acme/alice/out"}]"#;
    let response = with_role(json!({"HomeDirectoryDetails": details, "Policy": policy.to_string()})).to_string();
    let Verdict::Accepted(sign_in) = answer(200, &response, "").judge(Credential::Password) else { panic!("refused") };
    let told: Vec<String> = sign_in
        .folders
        .iter()
        .map(|folder| format!("{} {} {}", folder.path, folder.target, rights::in_words(folder.rights.as_deref())))
        .collect();
    assert_eq!(told, ["/inbox /acme/alice/in write only (drop box)", "/outbox /acme/alice/out read only"]);
    assert_eq!(sign_in.home, "/");
    assert_eq!(sign_in.rights, Some(vec![Right::List, Right::Download, Right::Upload]));
}

/// Whatever comes, an answer without a role is never a sign-in.
#[test]
fn hostile_answers_are_never_a_sign_in() {
    proptest::proptest!(|(response in ".{0,200}", status in proptest::num::i32::ANY, message in ".{0,20}")| {
        let answer = Answer { status, response, message };
        for credential in [Credential::Password, Credential::PublicKey] {
            proptest::prop_assert!(!matches!(answer.judge(credential), Verdict::Accepted(_)));
        }
    });
}
