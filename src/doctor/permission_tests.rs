//! Who is asked about, and what IAM's answers mean: in the shape of its own (IAM API reference, SimulatePrincipalPolicy).

use serde_json::Value;

use super::*;
use crate::permissions::policy;
use crate::scripted::{Answer, Asked, Iam, answer};

const USER: &str = "arn:aws:iam::111122223333:user/team/ci";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/deploy/GitHub";

/// An answer of IAM's.
fn xml(action: &str, inside: &str) -> Answer {
    answer(
        200,
        &format!(
            "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>{inside}</{action}Result>\
             <ResponseMetadata><RequestId>1cdb5b0a-4c15-11e5-b121-bd8c7EXAMPLE</RequestId></ResponseMetadata></{action}Response>"
        ),
    )
}

/// The results of one page, and the marker of the next.
fn page(results: &[String], marker: Option<&str>) -> Answer {
    let more = marker.map_or("<IsTruncated>false</IsTruncated>".to_owned(), |marker| {
        format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>")
    });
    xml("SimulatePrincipalPolicy", &format!("{more}<EvaluationResults>{}</EvaluationResults>", results.concat()))
}

/// One result, with what else IAM tells of it.
fn result(action: &str, decision: &str, more: &str) -> String {
    format!(
        "<member><MatchedStatements/><MissingContextValues/>\
         <EvalResourceName>arn:aws:iam::111122223333:role/acme-sftp-x</EvalResourceName>\
         <EvalDecision>{decision}</EvalDecision><EvalActionName>{action}</EvalActionName>{more}</member>"
    )
}

fn refused_call(code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>R</RequestId></ErrorResponse>"
    );
    answer(if code == "NoSuchEntity" { 404 } else { 403 }, &body)
}

fn names() -> Names {
    Names {
        partition: "aws".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        deployment: "demo".into(),
        stack: "acme-sftp".into(),
        artifact_bucket: "acme-artifacts".into(),
        bucket: "acme-files".into(),
        creates_bucket: false,
        boundary: None,
    }
}

fn of_sids(sid: &str) -> Wanted {
    let mut wanted = Wanted::of(Purpose::Deploy, &names());
    wanted.rights.retain(|statement| statement.sid == sid);
    wanted
}

/// Asks about the statement of this name, and tells the findings and the requests.
async fn ask(caller: &str, sid: &str, answers: Vec<Answer>) -> (String, Vec<Asked>) {
    let iam = Iam::start(answers).await;
    let found = permission(&iam.client, caller, &of_sids(sid)).await;
    let lines = found.iter().map(|finding| {
        let remedy = finding.remedy.as_deref().unwrap_or("-");
        format!("{:?} {}\n  → {remedy}\n", finding.level, finding.message)
    });
    (lines.collect(), iam.finish())
}

fn asked_for(asked: &Asked) -> String {
    ["Action", "PolicySourceArn", "RoleName", "Marker"]
        .iter()
        .filter_map(|name| asked.field(name))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_callers_arn_tells_whom_to_ask_about() {
    for (arn, expected) in [
        ("arn:aws:iam::111122223333:root", Principal::Root),
        (USER, Principal::Arn(USER.into())),
        (SESSION, Principal::Role("deploy".into())),
        ("arn:aws:sts::111122223333:federated-user/x", Principal::Other),
        ("nonsense", Principal::Other),
    ] {
        assert_eq!(principal(arn), expected, "{arn}");
    }
}

#[tokio::test]
async fn all_is_allowed() {
    let answers = vec![page(&[result("iam:PassRole", "allowed", "")], None)];
    let (told, asked) = ask(USER, "PassRoles", answers).await;
    insta::assert_snapshot!(told, @"
    Ok these credentials may do all that deploy does
      → -
    ");
    insta::assert_snapshot!(asked[0].body, @"Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Auser%2Fteam%2Fci&ActionNames.member.1=iam%3APassRole&ResourceArns.member.1=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Facme-sftp-x&ContextEntries.member.1.ContextKeyName=iam%3APassedToService&ContextEntries.member.1.ContextKeyValues.member.1=transfer.amazonaws.com&ContextEntries.member.1.ContextKeyType=string");
}

#[tokio::test]
async fn each_reason_is_a_finding_of_its_own() {
    let boundary = "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false\
                    </AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>";
    let within = boundary.replace("false", "true");
    let organisation = "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations>\
                        </OrganizationsDecisionDetail>";
    let resource = "<ResourceSpecificResults><member><EvalResourceName>x</EvalResourceName>\
                    <EvalResourceDecision>implicitDeny</EvalResourceDecision>\
                    <MissingContextValues><member>aws:SourceIp</member></MissingContextValues></member></ResourceSpecificResults>";
    let results = [
        result("iam:GetRole", "allowed", &within),
        result("iam:UpdateRole", "implicitDeny", ""),
        result("iam:ListRoleTags", "implicitDeny", &within),
        result("iam:DeleteRole", "explicitDeny", ""),
        result("iam:TagRole", "implicitDeny", organisation),
        result("iam:UntagRole", "explicitDeny", organisation),
        result("iam:UpdateRoleDescription", "implicitDeny", boundary),
        result("iam:GetRolePolicy", "implicitDeny", resource),
    ];
    let iam = Iam::start(vec![page(&results, None)]).await;
    let mut roles = of_sids("Resources");
    roles.rights.retain(|statement| statement.actions.contains(&"iam:GetRole"));
    let found = permission(&iam.client, USER, &roles).await;
    iam.finish();
    insta::assert_debug_snapshot!(found, @r#"
    [
        Finding {
            check: "permission",
            level: Error,
            message: "these credentials may not do all that deploy does: iam:ListRoleTags, iam:UpdateRole",
            remedy: Some(
                "grant them; sftp-okta doctor --print-policy deploy prints the whole policy",
            ),
        },
        Finding {
            check: "permission",
            level: Error,
            message: "the caller's permissions boundary leaves out what deploy does: iam:UpdateRoleDescription",
            remedy: Some(
                "have whoever manages the boundary add them; a policy of the caller's cannot",
            ),
        },
        Finding {
            check: "permission",
            level: Error,
            message: "the organisation's policies do not allow what deploy does: iam:TagRole, iam:UntagRole",
            remedy: Some(
                "ask whoever manages the organisation's service control policies; nothing in this account helps",
            ),
        },
        Finding {
            check: "permission",
            level: Error,
            message: "a policy of the caller's denies what deploy does: iam:DeleteRole",
            remedy: Some(
                "find the statement with \"Effect\": \"Deny\" and narrow it: no other statement outweighs it",
            ),
        },
        Finding {
            check: "permission",
            level: Warning,
            message: "whether these credentials may do this hangs on aws:SourceIp, which IAM was not told: iam:GetRolePolicy",
            remedy: Some(
                "nothing, if deploy works; otherwise look at the conditions on aws:SourceIp",
            ),
        },
    ]
    "#);
}

#[tokio::test]
async fn a_long_answer_is_read_to_its_end() {
    let answers = vec![
        page(&[result("iam:PassRole", "allowed", "")], Some("m1")),
        page(&[result("iam:PassRole", "implicitDeny", "")], Some("m2")),
        page(&[], None),
    ];
    let (told, asked) = ask(USER, "PassRoles", answers).await;
    insta::assert_snapshot!(told, @"
    Error these credentials may not do all that deploy does: iam:PassRole
      → grant them; sftp-okta doctor --print-policy deploy prints the whole policy
    ");
    insta::assert_snapshot!(asked.iter().map(asked_for).collect::<Vec<_>>().join("\n"), @"
    SimulatePrincipalPolicy arn:aws:iam::111122223333:user/team/ci
    SimulatePrincipalPolicy arn:aws:iam::111122223333:user/team/ci m1
    SimulatePrincipalPolicy arn:aws:iam::111122223333:user/team/ci m2
    ");
}

#[tokio::test]
async fn a_session_is_asked_about_as_its_role() {
    let role = "<Role><Path>/teams/data/</Path><RoleName>deploy</RoleName><RoleId>AROAEXAMPLE</RoleId>\
                <Arn>arn:aws:iam::111122223333:role/teams/data/deploy</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>";
    let allowed = || page(&[result("iam:PassRole", "allowed", "")], None);
    let (told, asked) = ask(SESSION, "PassRoles", vec![xml("GetRole", role), allowed()]).await;
    assert!(told.starts_with("Ok "), "{told}");
    insta::assert_snapshot!(asked.iter().map(asked_for).collect::<Vec<_>>().join("\n"), @"
    GetRole deploy
    SimulatePrincipalPolicy arn:aws:iam::111122223333:role/teams/data/deploy
    ");

    // Without the right to look at the role, it is taken to have no path.
    let denied = || refused_call("AccessDenied", "User is not authorized to perform: iam:GetRole");
    let (told, asked) = ask(SESSION, "PassRoles", vec![denied(), allowed()]).await;
    assert!(told.starts_with("Ok "), "{told}");
    insta::assert_snapshot!(asked.iter().map(asked_for).collect::<Vec<_>>().join("\n"), @"
    GetRole deploy
    SimulatePrincipalPolicy arn:aws:iam::111122223333:role/deploy
    ");

    let unknown = refused_call("NoSuchEntity", "The role with name deploy cannot be found.");
    let (told, _) = ask(SESSION, "PassRoles", vec![denied(), unknown]).await;
    insta::assert_snapshot!(told, @"
    Info IAM could not be asked what these credentials may do: NoSuchEntity: The role with name deploy cannot be found.
      → grant iam:SimulatePrincipalPolicy and iam:GetRole on the caller itself; without them, a command that lacks a right names it
    ");
}

#[tokio::test]
async fn a_refused_question_is_told_and_is_no_verdict() {
    let message = format!("User: {USER} is not authorized to perform: iam:SimulatePrincipalPolicy");
    let (told, _) = ask(USER, "PassRoles", vec![refused_call("AccessDenied", &message)]).await;
    insta::assert_snapshot!(told, @"
    Info IAM could not be asked what these credentials may do: AccessDenied: User: arn:aws:iam::111122223333:user/team/ci is not authorized to perform: iam:SimulatePrincipalPolicy
      → grant iam:SimulatePrincipalPolicy and iam:GetRole on the caller itself; without them, a command that lacks a right names it
    ");
    let (told, asked) = ask("arn:aws:sts::111122223333:federated-user/x", "PassRoles", vec![]).await;
    insta::assert_snapshot!(told, @"
    Info IAM could not be asked what these credentials may do: arn:aws:sts::111122223333:federated-user/x is neither a user nor a role
      → grant iam:SimulatePrincipalPolicy and iam:GetRole on the caller itself; without them, a command that lacks a right names it
    ");
    assert!(asked.is_empty());
    let (told, _) = ask("arn:aws:iam::111122223333:root", "PassRoles", vec![]).await;
    insta::assert_snapshot!(told, @"
    Warning these are the root user's credentials
      → use a role: sftp-okta doctor --print-policy deploy
    ");
}

/// Every action of every statement is asked about, each on a resource of its own kind.
#[test]
fn nothing_is_left_unasked() {
    for sid in ["Stack", "Artifacts", "Servers", "Own", "Resources", "Anywhere", "MakeKey"] {
        for statement in of_sids(sid).rights {
            let asked: BTreeSet<&str> = by_resource(&statement).into_iter().flat_map(|(_, actions)| actions).collect();
            assert_eq!(asked, statement.actions.iter().copied().collect(), "{sid}");
        }
    }
}

/// A text in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|left| (0..=left.len()).any(|cut| left.get(cut..).is_some_and(|left| fits(rest, left)))),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .map_or_else(|| vec![value], |many| many.iter().collect())
        .into_iter()
        .filter_map(Value::as_str)
        .collect()
}

/// IAM's simulation of a principal that has this policy and no other: every key that any of its statements asks for and the
/// request lacks is missing, whatever that statement is about. For a resource by name they stand with the resource.
fn simulation(policy: &Value, asked: &Asked) -> Answer {
    let many = |name: &str| (1..).map_while(|n| asked.field(&format!("{name}.member.{n}"))).collect::<Vec<_>>();
    let resource = asked.field("ResourceArns.member.1").unwrap();
    let context: BTreeMap<String, String> = (1..)
        .map_while(|n| {
            let of = |field: &str| asked.field(&format!("ContextEntries.member.{n}.{field}"));
            Some((of("ContextKeyName")?, of("ContextKeyValues.member.1")?))
        })
        .collect();
    let statements = policy["Statement"].as_array().unwrap();
    let conditions = |statement: &Value| {
        let all = statement["Condition"].as_object().into_iter().flatten();
        all.flat_map(|(_, keys)| keys.as_object().unwrap().clone()).collect::<Vec<_>>()
    };
    let missing: BTreeSet<String> =
        statements.iter().flat_map(&conditions).map(|(key, _)| key).filter(|key| !context.contains_key(key)).collect();
    let missing: String = missing.iter().map(|key| format!("<member>{key}</member>")).collect();
    let results = many("ActionNames").into_iter().map(|action| {
        let is_met = |(key, values): (String, Value)| {
            context.get(&key).is_some_and(|found| texts(&values).contains(&found.as_str()))
        };
        let allowed = statements.iter().any(|statement| {
            texts(&statement["Action"]).contains(&action.as_str())
                && texts(&statement["Resource"]).iter().any(|pattern| fits(pattern, &resource))
                && conditions(statement).into_iter().all(is_met)
        });
        let decision = if allowed { "allowed" } else { "implicitDeny" };
        let (whole, of_resource) = if resource == "*" { (missing.as_str(), "") } else { ("", missing.as_str()) };
        format!(
            "<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>\
             <MissingContextValues>{whole}</MissingContextValues><ResourceSpecificResults><member>\
             <EvalResourceName>{resource}</EvalResourceName><EvalResourceDecision>{decision}</EvalResourceDecision>\
             <MissingContextValues>{of_resource}</MissingContextValues></member></ResourceSpecificResults></member>"
        )
    });
    page(&results.collect::<Vec<_>>(), None)
}

/// What `doctor --for` this command finds for a principal with the policy that is printed for `purpose`, but for one action.
async fn with_policy_of(purpose: Purpose, without: Option<&str>, command: Purpose) -> String {
    let names = Names { boundary: Some("arn:aws:iam::111122223333:policy/bounds".into()), ..names() };
    let mut printed = serde_json::to_value(policy(purpose, &names)).unwrap();
    for statement in printed["Statement"].as_array_mut().unwrap() {
        let kept: Vec<Value> =
            texts(&statement["Action"]).into_iter().filter(|action| Some(*action) != without).map(Into::into).collect();
        statement["Action"] = kept.into();
    }
    let iam = Iam::replying(move |asked| simulation(&printed, asked)).await;
    let found = permission(&iam.client, USER, &Wanted::of(command, &names)).await;
    found.iter().map(|finding| format!("{:?} {}\n", finding.level, finding.message)).collect()
}

/// The policy as it is printed, with its conditions: it suffices, and each action that is taken out of it is missed.
#[tokio::test]
async fn a_right_that_is_missing_in_the_printed_policy_is_an_error() {
    for purpose in Purpose::ALL {
        let command = purpose.command();
        let told = with_policy_of(purpose, None, purpose).await;
        assert_eq!(told, format!("Ok these credentials may do all that {command} does\n"));
    }
    let told = with_policy_of(Purpose::Deploy, None, Purpose::Teardown).await;
    assert_eq!(told, "Ok these credentials may do all that teardown does\n");
    for action in ["s3:PutObject", "iam:PassRole", "kms:CreateGrant", "transfer:CreateServer", "cloudwatch:TagResource"]
    {
        let told = with_policy_of(Purpose::Deploy, Some(action), Purpose::Deploy).await;
        assert_eq!(told, format!("Error these credentials may not do all that deploy does: {action}\n"));
    }
    // Asked for another command than the policy is for.
    let told = with_policy_of(Purpose::Deploy, Some("transfer:DeleteServer"), Purpose::Teardown).await;
    assert_eq!(told, "Error these credentials may not do all that teardown does: transfer:DeleteServer\n");
}

#[test]
fn only_some_keys_can_matter() {
    let known = Wanted::of(Purpose::Deploy, &names()).known_keys;
    for (key, action, expected) in [
        ("aws:SourceIp", "s3:PutObject", true),
        ("aws:ResourceTag/team", "s3:PutObject", true),
        ("aws:ResourceTag/sftp-okta:deployment", "s3:PutObject", false),
        ("AWS:resourcetag/Sftp-Okta:deployment", "s3:PutObject", false),
        ("iam:PassedToService", "iam:PassRole", false),
        ("s3:prefix", "s3:ListBucket", true),
        ("s3:prefix", "iam:PassRole", false),
        ("kms:ViaService", "s3:PutObject", false),
        ("token.actions.githubusercontent.com:sub", "s3:PutObject", true),
        ("ec2:SourceInstanceARN", "s3:PutObject", true),
        ("ec2:InstanceType", "s3:PutObject", false),
    ] {
        assert_eq!(can_matter(key, action, &known), expected, "{key} for {action}");
    }
}
