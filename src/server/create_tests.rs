//! A create call whose answer never came, and that takes effect only after the next one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::Owner;
use super::create::create;
use super::find::Found;
use super::fixtures::spec;
use crate::progress::{Mode, Progress, Style};
use crate::timed::Timed;
use crate::wait::Patience;

/// The servers there are: id and tags. The first create call is not answered and makes its server together with the second,
/// under the id `late`; the second one's gets [`SECOND`].
fn service(late: &'static str) -> Timed {
    let servers: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let first = Mutex::new(None);
    Timed::by_body(Duration::ZERO, move |action, body, _| {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let mut servers = servers.lock().unwrap();
        let arn = |id: &str| format!("arn:aws:transfer:eu-west-1:111122223333:server/{id}");
        match action {
            "CreateServer" => {
                let tags = asked["Tags"].clone();
                let Some(unanswered) = first.lock().unwrap().replace(tags.clone()) else { return "cut off".to_owned() };
                servers.push((late.to_owned(), unanswered));
                servers.push((SECOND.to_owned(), tags));
                json!({"ServerId": SECOND}).to_string()
            }
            "ListServers" => {
                let rows: Vec<_> = servers.iter().map(|(id, _)| json!({"Arn": arn(id), "ServerId": id})).collect();
                json!({"Servers": rows}).to_string()
            }
            "DescribeServer" => match servers.iter().find(|(id, _)| asked["ServerId"] == *id) {
                Some((id, tags)) => {
                    json!({"Server": {"Arn": arn(id), "ServerId": id, "State": "STARTING", "Tags": tags}}).to_string()
                }
                None => json!({"__type": "ResourceNotFoundException", "Message": "Unknown server"}).to_string(),
            },
            "DeleteServer" => {
                servers.retain(|(id, _)| asked["ServerId"] != *id);
                "{}".to_owned()
            }
            other => panic!("{other} was asked"),
        }
    })
}

const SECOND: &str = "s-0123456789abcdef1";

/// Both are this run's own: there is nobody to wait for.
#[tokio::test(start_paused = true)]
async fn of_two_servers_of_this_run_the_one_with_the_larger_id_goes_at_once() {
    for (late, stays) in [("s-0123456789abcdef2", SECOND), ("s-0123456789abcdef0", "s-0123456789abcdef0")] {
        let service = service(late);
        let owner = Owner { deployment: "demo".into(), stack: "sftp-okta-demo".into() };
        let patience = Patience::new(Duration::from_secs(3600), Duration::from_secs(2));
        let progress = Progress::new(Mode::Quiet, Style::new(false));
        let client = service.transfer();
        let made = create(&client, &spec(), &owner, Found::default(), "sftp-okta-1", &patience, &progress).await;
        assert_eq!(made.unwrap().id, stays);
        let asked = service.asked();
        let at =
            |wanted: &str| asked.iter().filter(|(_, action)| action == wanted).map(|(at, _)| *at).collect::<Vec<_>>();
        assert_eq!(at("DeleteServer"), at("CreateServer")[1..], "{asked:?}");
    }
}
