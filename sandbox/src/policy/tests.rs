use serde_json::json;

use super::*;

fn decide_one(statement: Value, action: &str, resource: &str, context: &Context) -> Decision {
    let document = Document::from_json(&json!({"Version": "2012-10-17", "Statement": statement})).unwrap();
    let principals = ["arn:aws:iam::000000000000:role/r".to_owned()];
    decide(&[document], &Request { action, resource, principals: &principals, context })
}

#[test]
fn wildcards() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("a*c", "abc", true),
        ("a*c", "ac", true),
        ("a*c", "abcd", false),
        ("a?c", "ac", false),
        ("a*b*c", "a1b2b3c", true),
        ("home/alice/*", "home/alice2/x", false),
        ("*a*a*a*a*a*a*a*a*b", &"a".repeat(2000), false),
        ("é?", "éü", true),
        ("", "a", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn allow_deny_and_silence() {
    let none = Context::default();
    let read = json!([{"Effect": "Allow", "Action": ["s3:get*"], "Resource": "arn:aws:s3:::b/home/*"},
                      {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::b/home/secret*"}]);
    assert_eq!(decide_one(read.clone(), "s3:GetObject", "arn:aws:s3:::b/home/x", &none), Decision::Allow);
    assert_eq!(decide_one(read.clone(), "s3:PutObject", "arn:aws:s3:::b/home/x", &none), Decision::Silence);
    assert_eq!(decide_one(read.clone(), "s3:GetObject", "arn:aws:s3:::b/home/secret", &none), Decision::Deny);
    assert_eq!(decide_one(read, "s3:GetObject", "arn:aws:s3:::c/home/x", &none), Decision::Silence);
    let all_but = json!({"Effect": "Allow", "NotAction": "s3:Delete*", "NotResource": "arn:aws:s3:::b/keep"});
    assert_eq!(decide_one(all_but.clone(), "s3:GetObject", "arn:aws:s3:::b/x", &none), Decision::Allow);
    assert_eq!(decide_one(all_but.clone(), "s3:DeleteObject", "arn:aws:s3:::b/x", &none), Decision::Silence);
    assert_eq!(decide_one(all_but, "s3:GetObject", "arn:aws:s3:::b/keep", &none), Decision::Silence);
}

#[test]
fn conditions() {
    let arn = "arn:aws:transfer:us-east-1:000000000000:server/s-1";
    let known = context([("aws:SourceArn", arn), ("s3:prefix", "home/alice/x"), ("aws:SourceIp", "10.1.2.3")])
        .with("aws:SecureTransport", "false");
    let holds = |condition: Value| {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        decide_one(statement, "a:B", "x", &known) == Decision::Allow
    };
    for (condition, expected) in [
        (json!({"ArnLike": {"AWS:sourcearn": "arn:aws:transfer:*:000000000000:server/*"}}), true),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:*"}}), false),
        (json!({"ArnNotEquals": {"aws:SourceArn": arn}}), false),
        (json!({"ArnNotEquals": {"aws:PrincipalArn": arn}}), true),
        (json!({"StringLike": {"s3:prefix": ["home/alice", "home/alice/*"]}}), true),
        (json!({"StringLike": {"s3:prefix": ["home/bob/*"]}}), false),
        (json!({"StringNotLike": {"s3:prefix": ["home/bob/*", "home/alice/*"]}}), false),
        (json!({"StringEquals": {"absent": "x"}}), false),
        (json!({"StringEqualsIfExists": {"absent": "x"}}), true),
        (json!({"Bool": {"aws:SecureTransport": false}}), true),
        (json!({"Null": {"absent": "true"}}), true),
        (json!({"Null": {"s3:prefix": "true"}}), false),
        (json!({"IpAddress": {"aws:SourceIp": ["192.168.0.0/16", "10.0.0.0/8"]}}), true),
        (json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), false),
        (json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), true),
        (json!({"IpAddress": {"aws:SourceIp": "::/0"}}), false),
        (json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/99"}}), false),
        (json!({"DateLessThan": {"aws:CurrentTime": "2100-01-01T00:00:00Z"}}), false),
        (json!({"StringEquals": {"aws:SourceIp": "${aws:sourceip}"}}), true),
        (json!({"StringLike": {"s3:prefix": "${unknown}*"}}), false),
    ] {
        assert_eq!(holds(condition.clone()), expected, "{condition}");
    }
}

#[test]
fn what_is_not_understood_denies() {
    let statement = json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Odd": {"a": "b"}}});
    assert_eq!(decide_one(statement, "a:B", "x", &Context::default()), Decision::Deny);
    for document in [
        json!({}),
        json!({"Statement": "x"}),
        json!({"Statement": [{"Effect": "Maybe", "Action": "*"}]}),
        json!({"Statement": {"Effect": "Allow"}}),
        json!({"Statement": {"Effect": "Allow", "Action": 1}}),
    ] {
        assert_eq!(Document::from_json(&document), None, "{document}");
    }
    assert_eq!(Document::from_text("{"), None);
}

#[test]
fn principals_are_named() {
    let none = Context::default();
    let by = |principal: Value| {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"});
        decide_one(statement, "a:B", "x", &none) == Decision::Allow
    };
    assert!(by(json!("*")));
    assert!(by(json!({"AWS": ["arn:aws:iam::000000000000:role/r"]})));
    assert!(!by(json!({"AWS": "arn:aws:iam::000000000000:role/other"})));
    assert!(!by(json!({"Service": "transfer.amazonaws.com"})));
}
