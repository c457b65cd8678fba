use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{FolderTarget, HomeTemplate, ValueError, Values};
use crate::user_name::UserName;

const TEMPLATES: [&str; 9] = [
    "/{bucket}/home/{login}",
    "/{bucket}/{login}",
    "/{bucket}/{user}",
    "/{bucket}/{login}/in",
    "/{bucket}/Partners/p-{user}-x/{login}",
    "/{bucket}/a/b.c/{user}@here",
    "/{bucket}/by-id/{okta_id}",
    "/{bucket}/{profile.team}/{login}",
    "/{bucket}/.{profile.team}/{profile.site}-/{okta_id}",
];

fn template(at: usize) -> HomeTemplate {
    HomeTemplate::parse(TEMPLATES[at]).unwrap()
}

fn profile(value: &Value) -> Map<String, Value> {
    [("team".to_owned(), value.clone()), ("site".to_owned(), json!("Bern"))].into_iter().collect()
}

#[test]
fn literal_prefixes() {
    let prefixes: Vec<_> = (0..TEMPLATES.len()).map(|at| template(at).literal_prefix()).collect();
    assert_eq!(prefixes, ["home/", "", "", "", "Partners/", "a/b.c/", "by-id/", "", ""]);
    let target = |text| FolderTarget::parse(text).map(|target| (target.literal_prefix(), target.is_shared()));
    assert_eq!(target("/{bucket}/shared/lists"), Ok(("shared/lists/".to_owned(), true)));
    assert_eq!(target("/{bucket}/teams/{profile.team}"), Ok(("teams/".to_owned(), true)));
    assert_eq!(target("/{bucket}/partners/{login}/in"), Ok(("partners/".to_owned(), false)));
}

#[test]
fn refused_with_a_remedy() {
    let refused: Vec<String> = [
        "",
        "/",
        "/{bucket}",
        "/{bucket}/",
        "/{bucket}/shared",
        "/{bucket}/{profile.team}",
        "/acme-files/home/{login}",
        "{bucket}/home/{login}",
        "/{login}/{bucket}",
        "/{bucket}/home/{login}/",
        "/{bucket}//{login}",
        "/{bucket}/../{login}",
        "/{bucket}/./{login}",
        "/{bucket}/{login}/..",
        "/{bucket}/{user}{login}",
        "/{bucket}/{profile.}/{login}",
        "/{bucket}/{profile.a b}/{login}",
        "/{bucket}/{profile.a.b}/{login}",
        "/{bucket}/{group}/{login}",
        "/{bucket}/{bucket}/{login}",
        "/{bucket}/{login",
        "/{bucket}/login}/{login}",
        "/{bucket}/{{login}}",
        "/{bucket}/*/{login}",
        "/{bucket}/h?me/{login}",
        "/{bucket}/$x/{login}",
        "/{bucket}/${transfer:UserName}",
        "/{bucket}/hömé/{login}",
        "/{bucket}/my files/{login}",
        "/{bucket}/a\\b/{login}",
        "/{bucket}/a\u{0}/{login}",
    ]
    .into_iter()
    .map(|text| match HomeTemplate::parse(text) {
        Ok(home) => format!("{text:?} ACCEPTED {home}"),
        Err(error) => format!("{text:?} => {error}"),
    })
    .collect();
    insta::assert_snapshot!(refused.join("\n"));
}

/// The prefix for alice, with this id and team.
fn filled(template: &str, okta_id: Option<&str>, team: Option<Value>) -> Result<String, ValueError> {
    let profile = team.map(|team| profile(&team));
    let values = Values { login: "alice@acme.com", okta_id, profile: profile.as_ref() };
    HomeTemplate::parse(template).unwrap().home("acme-files", &values).map(|home| home.prefix().to_owned())
}

#[test]
fn attributes_are_one_plain_folder_name_or_nothing() {
    let team = |team| filled("/{bucket}/{profile.team}/{login}", None, Some(team));
    let longest = "x".repeat(64);
    for good in ["Sales", "a.b-c_d+e=f@g,h", "...", "x", longest.as_str()] {
        assert_eq!(team(json!(good)), Ok(format!("{good}/alice@acme.com")));
    }
    let long = "x".repeat(65);
    for bad in
        ["", ".", "..", "a/b", "../x", "a b", " a", "*", "a?", "${x}", "{login}", "ä", "a\\b", "a\n", "a\0", &long]
    {
        assert_eq!(team(json!(bad)), Err(ValueError::Unusable), "{bad:?}");
    }
    for bad in [json!(null), json!(7), json!(true), json!(["Sales"]), json!({"a": "b"})] {
        assert_eq!(team(bad.clone()), Err(ValueError::Unusable), "{bad}");
    }
    let missing = filled("/{bucket}/{profile.other}/{login}", None, Some(json!("Sales")));
    assert_eq!(missing, Err(ValueError::Unusable));
    // With the text around it a value must not become a step in a path either.
    assert_eq!(filled("/{bucket}/.{profile.team}/{login}", None, Some(json!("."))), Err(ValueError::Unusable));
    assert_eq!(filled("/{bucket}/{profile.team}/{login}", None, None), Err(ValueError::NotRead));
}

#[test]
fn ids_are_ids_or_nothing() {
    let id = |id| filled("/{bucket}/{okta_id}", id, None);
    assert_eq!(id(Some("00uAbC")), Ok("00uAbC".to_owned()));
    assert_eq!(id(None), Err(ValueError::NotRead));
    for bad in ["", ".", "..", "a/b", "a@b", "*", &"x".repeat(65)] {
        assert_eq!(id(Some(bad)), Err(ValueError::Unusable), "{bad:?}");
    }
}

/// Which pairs of templates keep different users apart, with and without a domain that all logins have.
#[test]
fn apart() {
    let cases = [
        ("home/{login}", "home/{login}", true, true),
        ("home/{login}", "partners/{login}", true, true),
        ("home/{login}", "home/{login}/in", true, true),
        ("home/{login}/in", "home/{login}/out", true, true),
        ("home/{login}", "home/{user}", false, false),
        ("home/{login}", "home/{okta_id}", false, false),
        ("home/{login}", "ids/{okta_id}", true, true),
        ("{login}", "home/{login}", false, true),
        ("{user}", "home/{user}", false, false),
        ("{user}", "Home/{user}", true, true),
        ("{okta_id}", "home/{login}", false, false),
        ("p-{user}", "q-{user}", true, true),
        ("p-{user}", "p-x{user}", false, false),
        ("{user}-p", "{user}-q", true, true),
        ("{profile.team}/{login}", "{profile.site}/{login}", true, true),
        ("{profile.team}/{login}", "{login}", false, false),
        ("teams/{profile.team}", "home/{login}", true, true),
        ("home/{profile.team}", "home/{login}", false, false),
        ("{profile.team}/x", "home/{login}", false, true),
    ];
    for (one, other, without_domain, with_domain) in cases {
        let target = |text| FolderTarget::parse(&format!("/{{bucket}}/{text}")).unwrap();
        let (one, other) = (target(one), target(other));
        for (domain, expected) in [(None, without_domain), (Some("acme.com"), with_domain)] {
            assert_eq!(one.is_apart_from(&other, domain), expected, "{one} {other} {domain:?}");
            assert_eq!(other.is_apart_from(&one, domain), expected, "{other} {one} {domain:?}");
        }
    }
}

/// Names that differ by little, so that a careless mapping would join them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{1,3}[-._]?[ab]{0,2}(@acme\\.com)?", "[A-Za-z0-9_][A-Za-z0-9_.-]{2,60}(@acme\\.com)?"]
}

proptest! {
    #[test]
    fn no_two_users_share_a_home_or_lie_in_one(
        one in name(), other in name(), teams in ("[a.]{1,3}", "[a.]{1,3}"), at in 0..TEMPLATES.len()
    ) {
        let names = (UserName::parse(&one, Some("acme.com")), UserName::parse(&other, Some("acme.com")));
        let (Ok(one), Ok(other)) = names else { return Ok(()) };
        let profiles = (profile(&json!(teams.0)), profile(&json!(teams.1)));
        let home = |name: &UserName, profile| {
            let id = format!("00u{}", name.as_str().trim_end_matches("@acme.com"));
            template(at).home("acme-files", &Values { login: name.as_str(), okta_id: Some(&id), profile: Some(profile) })
        };
        if let (Ok(first), Ok(second)) = (home(&one, &profiles.0), home(&other, &profiles.1)) {
            prop_assert!(one == other || !first.overlaps(&second), "{first:?} {second:?}");
        }
    }

    #[test]
    fn homes_are_plain_paths(name in name(), team: String, at in 0..TEMPLATES.len()) {
        let Ok(name) = UserName::parse(&name, Some("acme.com")) else { return Ok(()) };
        let profile = profile(&json!(team));
        let values = Values { login: name.as_str(), okta_id: Some("00u1"), profile: Some(&profile) };
        if let Ok(home) = template(at).home("acme-files", &values) {
            let target = home.target();
            prop_assert!(target.starts_with("/acme-files/") && !target.ends_with('/'), "{target}");
            prop_assert!(!target.contains(['*', '?', '$', '{', '}', '\\']) && !target.contains("//"), "{target}");
            prop_assert!(target.split('/').all(|segment| segment != "." && segment != ".."), "{target}");
            prop_assert!(target.starts_with(&format!("/acme-files/{}", template(at).literal_prefix())), "{target}");
        }
    }
}
