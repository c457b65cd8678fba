//! Who is asked about, and what IAM's answers mean: in the shape of its own (IAM API reference, SimulatePrincipalPolicy).

use super::*;
use crate::permissions::{Names, Purpose, rights};
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
         <EvalResourceName>arn:aws:iam::111122223333:role/sftp-okta-demo-x</EvalResourceName>\
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

fn of_sids(sid: &str) -> Vec<Statement> {
    let names = Names {
        partition: "aws".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        deployment: "demo".into(),
        stack: "sftp-okta-demo".into(),
        artifact_bucket: "acme-artifacts".into(),
        bucket: "acme-files".into(),
        creates_bucket: false,
        boundary: None,
    };
    let all = rights(Purpose::Deploy, &names);
    all.into_iter().filter(|statement| statement.sid == sid).collect()
}

/// Asks about the statement of this name, and tells the findings and the requests.
async fn ask(caller: &str, sid: &str, answers: Vec<Answer>) -> (String, Vec<Asked>) {
    let iam = Iam::start(answers).await;
    let found = permission(&iam.client, caller, &of_sids(sid), "deploy").await;
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
    insta::assert_snapshot!(asked[0].body, @"Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Auser%2Fteam%2Fci&ActionNames.member.1=iam%3APassRole&ResourceArns.member.1=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fsftp-okta-demo-x&ContextEntries.member.1.ContextKeyName=iam%3APassedToService&ContextEntries.member.1.ContextKeyValues.member.1=transfer.amazonaws.com&ContextEntries.member.1.ContextKeyType=string");
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
    roles.retain(|statement| statement.actions.contains(&"iam:GetRole"));
    let found = permission(&iam.client, USER, &roles, "deploy").await;
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
            level: Info,
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
        for statement in of_sids(sid) {
            let asked: BTreeSet<&str> = by_resource(&statement).into_iter().flat_map(|(_, actions)| actions).collect();
            assert_eq!(asked, statement.actions.iter().copied().collect(), "{sid}");
        }
    }
}
