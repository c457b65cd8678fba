use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::*;
use crate::person::Group;
use crate::settings::Settings;
use crate::user_config::{RoleArn, UserConfig};

mod keys;
mod properties;

pub(super) const KEYS: [&str; 2] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA",
];
pub(super) const OFFICE: &str = "203.0.113.9";
const ELSEWHERE: &str = "198.51.100.7";

/// Settings with these rules and this way of authentication.
pub(super) fn settings(authentication: &str, rules: Value) -> Settings {
    let settings = json!({
        "schema": 1,
        "okta": {
            "org_url": "https://acme.okta.com",
            "login_domain": "acme.com",
            "service_app": {
                "client_id": "0oa1", "key_id": "k1",
                "private_key_secret": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta-AbCdEf"
            },
            "ssh_keys_attribute": (authentication != "password").then_some("sshKeys"),
            "aliases": {"plus@acme.com": "Alice+sftp@acme.com"}
        },
        "authentication": authentication,
        "bucket": "acme-files",
        "access": rules
    });
    Settings::from_json(settings.to_string().as_bytes()).unwrap()
}

fn rule(home: &str, more: Value) -> Value {
    let mut rule = json!({"home": format!("/{{bucket}}/{home}"), "permissions": "read-write"});
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

pub(super) fn person(login: &str, groups: Option<&[&str]>, profile: Value) -> Person {
    let group = |name: &&str| Group { id: format!("00g{name}"), name: (*name).to_owned() };
    Person {
        id: "00u1".to_owned(),
        login: login.to_owned(),
        status: Person::ACTIVE.to_owned(),
        profile: profile.as_object().cloned().unwrap_or_default(),
        groups: groups.map(|groups| groups.iter().map(group).collect()),
    }
}

/// A sign-in with a password that Okta has accepted.
fn password<'a>(user: &'a UserName, person: Option<&'a Person>) -> Attempt<'a> {
    Attempt {
        user,
        source_ip: OFFICE.parse().ok(),
        protocol: Protocol::Sftp,
        credential: Credential::Password,
        okta_id: Some("00u1"),
        person,
    }
}

/// A question for keys.
fn probe<'a>(user: &'a UserName, person: Option<&'a Person>) -> Attempt<'a> {
    Attempt { credential: Credential::PublicKey, okta_id: None, ..password(user, person) }
}

fn user(name: &str) -> UserName {
    UserName::parse(name, Some("acme.com")).unwrap()
}

const NOTHING: Needs = Needs { person: false, groups: false };
const PERSON: Needs = Needs { person: true, groups: false };
const GROUPS: Needs = Needs { person: false, groups: true };
const BOTH: Needs = Needs { person: true, groups: true };

/// Which rule decides, and the home.
fn told(grant: Result<Grant, Refusal>) -> Result<(usize, String), Refusal> {
    grant.map(|grant| (grant.rule, grant.folders[0].home.target()))
}

#[test]
fn the_first_rule_that_means_the_user_decides() {
    let settings = settings(
        "password",
        json!([
            rule("svc/{login}", json!({"users": ["svc-*", "bob@acme.com"]})),
            rule("both/{login}", json!({"users": ["c*"], "groups": ["partners"]})),
            rule("partners/{login}", json!({"groups": ["partners", "00gids"]})),
            rule("staff/{login}", json!({"users": ["*n@acme.com"]})),
            rule("staff2/{login}", json!({"groups": ["staff"]})),
        ]),
    );
    let at = |rule: usize, home: &str| Ok((rule, format!("/acme-files/{home}@acme.com")));
    let in_partners: Option<&[&str]> = Some(&["Everyone", "partners"]);
    let in_none: Option<&[&str]> = Some(&["Everyone"]);
    for (name, groups, needed, expected) in [
        ("bob", None, NOTHING, at(0, "svc/bob")),
        ("svc-nightly", None, NOTHING, at(0, "svc/svc-nightly")),
        ("bob", in_partners, NOTHING, at(0, "svc/bob")),
        ("carol", in_partners, GROUPS, at(1, "both/carol")),
        ("carol", in_none, GROUPS, Err(Refusal::NoRule)),
        ("dan", in_partners, GROUPS, at(2, "partners/dan")),
        ("dan", in_none, GROUPS, at(3, "staff/dan")),
        // By the id, and in another spelling not at all.
        ("dave", Some(&["ids"]), GROUPS, at(2, "partners/dave")),
        ("dave", Some(&["Partners"]), GROUPS, Err(Refusal::NoRule)),
        ("dave", Some(&["staff"]), GROUPS, at(4, "staff2/dave")),
        ("dave", Some(&[]), GROUPS, Err(Refusal::NoRule)),
    ] {
        let user = user(name);
        let person = person(user.as_str(), groups, json!({}));
        assert_eq!(needs(&settings, &password(&user, None)), Ok(needed), "{name}");
        let person = groups.is_some().then_some(&person);
        assert_eq!(told(decide(&settings, &password(&user, person))), expected, "{name} {groups:?}");
        // What was needed and is not there refuses.
        let without = decide(&settings, &password(&user, None));
        assert_eq!(without.is_err(), needed.groups, "{name}");
        assert!(!needed.groups || without == Err(Refusal::NotRead));
    }
}

#[test]
fn what_looks_like_an_id_is_no_name() {
    let id = "00gabcdefghij1234567";
    let settings = settings("password", json!([rule("{login}", json!({"groups": [id]}))]));
    let bob = user("bob");
    let mut person = person("bob@acme.com", Some(&[]), json!({}));
    for (group, expected) in [(("00gother", id), Err(Refusal::NoRule)), ((id, "partners"), Ok(0))] {
        person.groups = Some(vec![Group { id: group.0.to_owned(), name: group.1.to_owned() }]);
        assert_eq!(decide(&settings, &password(&bob, Some(&person))).map(|grant| grant.rule), expected);
    }
}

#[test]
fn conditions_of_entry() {
    let settings = settings(
        "password",
        json!([
            rule(
                "office/{login}",
                json!({"users": ["b*"], "allow_from": ["203.0.113.0/24", "2001:db8::/32"], "protocols": ["sftp"]})
            ),
            rule("{login}", json!({"users": ["bob@acme.com", "dan@acme.com"]})),
        ]),
    );
    let bob = user("bob");
    for (address, expected) in [
        (Some(OFFICE), Ok(0)),
        (Some("::ffff:203.0.113.9"), Ok(0)),
        (Some("2001:db8::1"), Ok(0)),
        // The later rule, which means bob too, is not looked at.
        (Some(ELSEWHERE), Err(Refusal::SourceAddress)),
        (Some("2001:db9::1"), Err(Refusal::SourceAddress)),
        (None, Err(Refusal::SourceAddress)),
    ] {
        let source_ip = address.map(|address| address.parse::<IpAddr>().unwrap());
        let attempt = Attempt { source_ip, ..password(&bob, None) };
        assert_eq!(decide(&settings, &attempt).map(|grant| grant.rule), expected, "{address:?}");
        // Told before Okta is asked.
        assert_eq!(needs(&settings, &attempt).err(), expected.err(), "{address:?}");
    }
    let dan = user("dan");
    let attempt = Attempt { source_ip: None, ..password(&dan, None) };
    assert_eq!(decide(&settings, &attempt).map(|grant| grant.rule), Ok(1));
}

#[test]
fn okta_is_not_asked_where_every_answer_refuses() {
    let settings = settings(
        "password",
        json!([
            rule("a/{login}", json!({"groups": ["partners"], "allow_from": ["203.0.113.0/24"]})),
            rule(
                "b/{login}",
                json!({"users": ["bob@acme.com"], "groups": ["staff"], "allow_from": ["203.0.113.0/24"]})
            ),
        ]),
    );
    let (bob, dan) = (user("bob"), user("dan"));
    assert_eq!(needs(&settings, &password(&bob, None)), Ok(GROUPS));
    let source_ip = ELSEWHERE.parse().ok();
    for user in [&bob, &dan] {
        let attempt = Attempt { source_ip, ..password(user, None) };
        assert_eq!(needs(&settings, &attempt), Err(Refusal::SourceAddress));
    }
    let nobody = tests::settings("password", json!([rule("{login}", json!({"users": ["bob@acme.com"]}))]));
    assert_eq!(needs(&nobody, &password(&dan, None)), Err(Refusal::NoRule));
}

#[test]
fn no_more_is_read_than_the_path_needs() {
    let bob = user("bob");
    for (home, known, unknown) in
        [("{login}", NOTHING, NOTHING), ("{okta_id}", NOTHING, PERSON), ("{profile.team}/{login}", PERSON, PERSON)]
    {
        let settings = settings("password", json!([rule(home, json!({}))]));
        assert_eq!(needs(&settings, &password(&bob, None)), Ok(known), "{home}");
        let attempt = Attempt { okta_id: None, ..password(&bob, None) };
        assert_eq!(needs(&settings, &attempt), Ok(unknown), "{home}");
    }
    let of_groups = |home| settings("password", json!([rule(home, json!({"groups": ["x"]}))]));
    assert_eq!(needs(&of_groups("{login}"), &password(&bob, None)), Ok(GROUPS));
    assert_eq!(needs(&of_groups("{login}"), &Attempt { okta_id: None, ..password(&bob, None) }), Ok(BOTH));
    assert_eq!(needs(&of_groups("{profile.team}/{login}"), &password(&bob, None)), Ok(BOTH));
    // Asked again with what was read.
    let read = person("bob@acme.com", None, json!({}));
    assert_eq!(needs(&of_groups("{login}"), &password(&bob, Some(&read))), Ok(GROUPS));
    let read = person("bob@acme.com", Some(&["x"]), json!({}));
    assert_eq!(needs(&of_groups("{login}"), &password(&bob, Some(&read))), Ok(NOTHING));
    let read = person("bob@acme.com", Some(&[]), json!({}));
    assert_eq!(needs(&of_groups("{login}"), &password(&bob, Some(&read))), Err(Refusal::NoRule));
}

#[test]
fn the_person_is_the_user_and_active() {
    let settings = settings("password", json!([rule("{profile.team}/{okta_id}", json!({}))]));
    let bob = user("bob");
    let team = json!({"team": "Sales"});
    let sound = person("Bob@Acme.com", None, team.clone());
    assert_eq!(told(decide(&settings, &password(&bob, Some(&sound)))), Ok((0, "/acme-files/Sales/00u1".to_owned())));
    for (person, expected) in [
        (Person { login: "carol@acme.com".to_owned(), ..sound.clone() }, Refusal::OtherPerson),
        (Person { login: String::new(), ..sound.clone() }, Refusal::OtherPerson),
        (Person { id: "00u2".to_owned(), ..sound.clone() }, Refusal::OtherPerson),
        (Person { status: "SUSPENDED".to_owned(), ..sound.clone() }, Refusal::NotActive),
        (Person { status: "active".to_owned(), ..sound.clone() }, Refusal::NotActive),
        (Person { profile: Map::new(), ..sound.clone() }, Refusal::Attribute),
        (person("bob@acme.com", None, json!({"team": "../x"})), Refusal::Attribute),
    ] {
        assert_eq!(decide(&settings, &password(&bob, Some(&person))), Err(expected), "{person:?}");
    }
    assert_eq!(decide(&settings, &password(&bob, None)), Err(Refusal::NotRead));
}

#[test]
fn an_alias_stands_for_its_login_everywhere() {
    let settings = settings(
        "password",
        json!([
            rule("{login}", json!({"users": ["alice+sftp@acme.com"], "groups": ["x"]})),
            rule("u/{user}", json!({}))
        ]),
    );
    let plus = user("plus");
    let sound = person("alice+SFTP@acme.com", Some(&["x"]), json!({}));
    let expected = Ok((0, "/acme-files/alice+sftp@acme.com".to_owned()));
    assert_eq!(told(decide(&settings, &password(&plus, Some(&sound)))), expected);
    let other = person("plus@acme.com", Some(&["x"]), json!({}));
    assert_eq!(decide(&settings, &password(&plus, Some(&other))), Err(Refusal::OtherPerson));
    let outside = person("alice+sftp@acme.com", Some(&[]), json!({}));
    let expected = Ok((1, "/acme-files/u/alice+sftp".to_owned()));
    assert_eq!(told(decide(&settings, &password(&plus, Some(&outside)))), expected);
}

fn folders() -> Value {
    json!({"groups": ["partners"], "permissions": "read-only", "folders": [
        {"path": "/in", "target": "/{bucket}/partners/{login}/in", "permissions": "write-only"},
        {"path": "/out", "target": "/{bucket}/partners/{login}/out"},
        {"path": "/team", "target": "/{bucket}/teams/{profile.team}", "permissions": "read-write"},
        {"path": "/red", "target": "/{bucket}/teams/red/lists"}
    ]})
}

#[test]
fn the_whole_answer_with_folders_and_keys() {
    let mut settings = settings("public-key-and-password", json!([folders()]));
    settings.kms_key_arn = Some("arn:aws:kms:eu-west-1:111122223333:key/1234abcd".to_owned());
    let bob = user("bob");
    let person = person("bob@acme.com", Some(&["partners"]), json!({"team": "Blue", "sshKeys": KEYS}));
    let role = RoleArn::parse("arn:aws:iam::111122223333:role/sftp-user").unwrap();
    let answer = |attempt: &Attempt<'_>| {
        let config = UserConfig::new(&decide(&settings, attempt).unwrap(), &role).unwrap();
        serde_json::to_value(config).unwrap()
    };
    let by_key = answer(&probe(&bob, Some(&person)));
    insta::assert_snapshot!(serde_json::to_string_pretty(&by_key).unwrap());
    // The other call differs in the keys alone.
    let mut expected = by_key;
    expected.as_object_mut().unwrap().remove("PublicKeys");
    assert_eq!(answer(&password(&bob, Some(&person))), expected);
}

/// A value that puts one folder inside another with other rights would add these rights to it.
#[test]
fn no_value_mixes_the_rights_of_folders() {
    let settings = settings("password", json!([folders()]));
    let bob = user("bob");
    for (team, expected) in [("Blue", Ok(0)), ("red2", Ok(0)), ("red", Err(Refusal::Attribute))] {
        let person = person("bob@acme.com", Some(&["partners"]), json!({"team": team}));
        assert_eq!(decide(&settings, &password(&bob, Some(&person))).map(|grant| grant.rule), expected, "{team}");
    }
}

#[test]
fn explained() {
    let settings = settings(
        "password",
        json!([
            rule("svc/{login}", json!({"users": ["svc-*"]})),
            rule("partners/{login}", json!({"groups": ["partners"]})),
            rule("office/{login}", json!({"allow_from": ["203.0.113.0/24"]})),
            rule("rest/{login}", json!({"users": ["bob@acme.com"]})),
        ]),
    );
    let bob = user("bob");
    let told = |person: Option<&Person>, address: &str| {
        let attempt = Attempt { source_ip: address.parse().ok(), ..password(&bob, person) };
        let verdicts = explain(&settings, &attempt);
        verdicts.iter().map(|it| format!("{} {}", it.rule, it.verdict)).collect::<Vec<_>>().join("\n")
    };
    let member = person("bob@acme.com", Some(&["partners"]), json!({}));
    let outside = person("bob@acme.com", Some(&[]), json!({}));
    let all = [
        told(Some(&member), OFFICE),
        told(Some(&outside), OFFICE),
        told(Some(&outside), ELSEWHERE),
        told(None, OFFICE),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @r"
    0 means other users
    1 means this user and decides
    2 is not reached: an earlier rule has decided
    3 is not reached: an earlier rule has decided

    0 means other users
    1 means members of groups in which this user is not
    2 means this user and decides
    3 is not reached: an earlier rule has decided

    0 means other users
    1 means members of groups in which this user is not
    2 means this user and refuses: the access rule of this user does not allow this source address
    3 is not reached: an earlier rule has decided

    0 means other users
    1 means this user only as a member of its groups, and the groups are not known
    2 means this user and decides
    3 is not reached: an earlier rule has decided
    ");
}

#[test]
fn rules_that_nobody_reaches() {
    let shadowed_in = |rules: &[Value]| {
        let mut settings = settings("password", json!([rule("{login}", json!({}))]));
        settings.access = serde_json::from_value(json!(rules)).unwrap();
        shadowed(&settings)
    };
    let of = |users: &[&str], groups: &[&str]| rule("{login}", json!({"users": users, "groups": groups}));
    let everyone = of(&[], &[]);
    for (earlier, later, expected) in [
        (&everyone, &everyone, true),
        (&everyone, &of(&["bob@acme.com"], &["x"]), true),
        (&of(&["*@acme.com"], &[]), &everyone, false),
        (&of(&["*@acme.com"], &[]), &of(&["bob@acme.com", "*n@acme.com"], &[]), true),
        (&of(&["*@acme.com"], &[]), &of(&["bob@acme.com", "*"], &[]), false),
        (&of(&["b*"], &[]), &of(&["*b"], &[]), false),
        (&of(&["bob@acme.com"], &[]), &of(&["bob@acme.com"], &["x"]), true),
        (&of(&["bob@acme.com"], &["x"]), &of(&["bob@acme.com"], &[]), false),
        (&of(&[], &["x", "y"]), &of(&[], &["x"]), true),
        (&of(&[], &["x"]), &of(&[], &["x", "y"]), false),
        (&of(&[], &["x"]), &of(&["bob@acme.com"], &["x"]), true),
    ] {
        let expected = if expected { vec![(1, 0)] } else { vec![] };
        assert_eq!(shadowed_in(&[earlier.clone(), later.clone()]), expected, "{earlier} {later}");
    }
    let rules = [of(&["a*"], &[]), of(&["b*"], &[]), of(&["bob@acme.com"], &[]), everyone.clone(), everyone.clone()];
    assert_eq!(shadowed_in(&rules), [(2, 1), (4, 3)]);
}

#[test]
fn where_the_users_of_a_rule_reach() {
    let settings = settings("password", json!([folders(), rule("home/{login}", json!({}))]));
    let reach: Vec<_> = settings.access.iter().map(AccessRule::literal_prefixes).collect();
    assert_eq!(reach[0], ["partners/", "teams/", "teams/red/lists/"]);
    assert_eq!(reach[1], ["home/"]);
}
