use super::super::Action;
use super::*;
use crate::server::fixtures::{server_as_wanted, spec};
use crate::stack::fixtures::stack_in;
use crate::stack::{Desired, Stack, StackStatus};

fn place() -> Place {
    Place {
        deployment: "demo".into(),
        stack_name: "sftp-okta-demo".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
    }
}

fn wanted() -> Wanted {
    let stack = Desired {
        name: "sftp-okta-demo".into(),
        template: "Resources: {}\n".into(),
        parameters: BTreeMap::from([("ArtifactKey".into(), "new.zip".into())]),
        ..Desired::default()
    };
    Wanted {
        artifact_bucket: "a".into(),
        artifact_key: "demo/1.zip".into(),
        stack,
        server: spec(),
        termination_protection: false,
    }
}

fn seen() -> Seen {
    let stack = Stack { arn: "arn".into(), last_updated: Some(1), ..stack_in(StackStatus::CreateComplete) };
    let mut seen = Seen { stack: Some(stack), template: Some("Resources: {}".into()), ..Seen::default() };
    seen.servers.owned.push(server_as_wanted());
    seen
}

fn changes() -> Vec<Change> {
    let details = vec!["parameter ArtifactKey: new".into()];
    let update = Change::new(Action::Update, Kind::Stack, "sftp-okta-demo", details);
    vec![Change::new(Action::Create, Kind::Artifact, "demo/1.zip", Vec::new()), update]
}

fn plan(wanted: &Wanted, seen: &Seen) -> SavedPlan {
    SavedPlan::new(place(), wanted, seen, &changes())
}

fn error(result: Result<()>) -> String {
    let error = result.unwrap_err();
    format!("{}: {error}", error.code.exit_code().number())
}

#[test]
fn a_plan_survives_its_file_and_is_executed_while_nothing_moved() {
    let plan = plan(&wanted(), &seen());
    let read = SavedPlan::parse(&plan.to_text(), "p.json").unwrap();
    assert_eq!(read, plan);
    assert_eq!(read.resources(), Some(&[][..]));
    read.refuse_elsewhere(&place()).unwrap();
    read.refuse_other_settings(&plan).unwrap();
    read.refuse_moved(&plan).unwrap();
    // Who stored the same zip meanwhile has moved nothing.
    let only_stack = SavedPlan::new(place(), &wanted(), &seen(), changes().get(1..).unwrap());
    read.refuse_moved(&only_stack).unwrap();
    // A server on its way to ONLINE arrives there whoever waits for it.
    let mut starting = seen();
    starting.servers.owned[0].state = ServerState::Starting;
    let mut with_start = changes();
    let state = super::super::Detail::at_the_moment("state: STARTING → ONLINE".into());
    with_start.push(Change::new(Action::Start, Kind::Server, "s-0123456789abcdef0", vec![state]));
    let starting = SavedPlan::new(place(), &wanted(), &starting, &with_start);
    starting.refuse_moved(&plan).unwrap();
    assert_eq!(
        error(plan.refuse_moved(&starting)),
        "9: the deployment is not what it was when the plan was made: there is more to change"
    );
}

#[test]
fn what_is_no_plan_of_this_version_is_refused() {
    let told = |text: &str| SavedPlan::parse(text, "p.json").unwrap_err().to_string();
    assert!(told("{}").starts_with("p.json is not a plan"));
    assert!(told("Changes to demo").starts_with("p.json is not a plan"));
    let text = plan(&wanted(), &seen()).to_text();
    let older = text.replace(&format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION")), "\"version\": \"0.0.1\"");
    assert!(told(&older).starts_with("the plan p.json was made by sftp-okta 0.0.1"), "{}", told(&older));
    assert!(told(&text.replacen("\"changes\"", "\"chances\"", 1)).starts_with("p.json is not a plan"));
}

#[test]
fn the_plan_of_another_place_is_refused() {
    let plan = plan(&wanted(), &seen());
    let refused = |here: Place| error(plan.refuse_elsewhere(&here));
    assert_eq!(
        refused(Place { account: "444455556666".into(), ..place() }),
        "3: the plan is for account 111122223333, and this is 444455556666"
    );
    assert_eq!(
        refused(Place { region: "us-east-1".into(), ..place() }),
        "2: the plan is for region eu-west-1, and this is us-east-1"
    );
    assert_eq!(
        refused(Place { deployment: "other".into(), ..place() }),
        "2: the plan is for deployment demo, and this is other"
    );
    assert!(refused(Place { stack_name: "x".into(), ..place() }).starts_with("2: the plan is for stack"));
}

#[test]
fn other_settings_and_a_world_that_moved_are_refused() {
    let approved = plan(&wanted(), &seen());
    let mut other = wanted();
    other.artifact_key = "demo/2.zip".into();
    other.stack.parameters.insert("ArtifactKey".into(), "other.zip".into());
    assert_eq!(
        error(approved.refuse_other_settings(&plan(&other, &seen()))),
        "2: these settings are not the ones that were approved: other than in the plan: the function or its settings, \
         parameter ArtifactKey"
    );
    let mut banner = wanted();
    banner.server.banner = "hello".into();
    let changed = SavedPlan::new(place(), &banner, &seen(), &changes());
    assert!(error(approved.refuse_other_settings(&changed)).ends_with("the server's settings"));

    let moved = |change: fn(&mut Seen)| {
        let mut seen = seen();
        change(&mut seen);
        error(approved.refuse_moved(&plan(&wanted(), &seen)))
    };
    let told = "9: the deployment is not what it was when the plan was made: ";
    assert_eq!(moved(|seen| seen.stack = None), format!("{told}the stack was deleted"));
    let updated = |seen: &mut Seen| seen.stack.as_mut().unwrap().last_updated = Some(2);
    assert_eq!(moved(updated), format!("{told}the stack was changed"));
    let failed = |seen: &mut Seen| seen.stack.as_mut().unwrap().status = StackStatus::UpdateRollbackComplete;
    assert_eq!(moved(failed), format!("{told}the stack went from CREATE_COMPLETE to UPDATE_ROLLBACK_COMPLETE"));
    assert_eq!(moved(|seen| seen.template = None), format!("{told}the stack was changed"));
    let gone = |seen: &mut Seen| seen.servers.owned.clear();
    assert_eq!(moved(gone), format!("{told}the server was made, changed or deleted"));
}
