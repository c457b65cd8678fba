//! The emulator: on loopback only, in a folder of its own, and gone with the test.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::ministack::Ministack;
use crate::support::process::{self, Group, until};
use crate::support::{loopback, sigv4};

/// GetCallerIdentity, the smallest question there is.
fn who_am_i(endpoint: &str) -> String {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    loopback::post(endpoint, &form, "Action=GetCallerIdentity&Version=2011-06-15").unwrap().text()
}

/// Puts something into it that a reset takes away, and says whether it is there.
fn bucket(endpoint: &str, method: &str) -> u16 {
    let request = hyper::Request::builder().method(method).uri(format!("{endpoint}/a-bucket"));
    let request = request.body(http_body_util::Full::default()).unwrap();
    loopback::send(sigv4::signed(request, b"", "s3", "us-east-1")).unwrap().status
}

#[test]
fn it_answers_on_loopback_only_and_leaves_nothing_behind() {
    let mut ministack = Ministack::start();
    let answer = who_am_i(&ministack.endpoint());
    assert!(answer.contains("<Account>000000000000</Account>"), "{answer}\n{}", ministack.log());

    let listening = ministack.listening();
    assert!(!listening.is_empty());
    assert!(listening.iter().all(|address| address.ip().is_loopback()), "{listening:?}");

    assert_eq!(bucket(&ministack.endpoint(), "PUT"), 200);
    assert_eq!(bucket(&ministack.endpoint(), "HEAD"), 200);
    ministack.reset();
    assert_eq!(bucket(&ministack.endpoint(), "HEAD"), 404);

    let (group, endpoint) = (ministack.group(), ministack.endpoint());
    assert!(!process::members(group).is_empty());
    drop(ministack);
    assert_eq!(process::members(group), [0; 0]);
    assert!(loopback::get(&endpoint).is_err());
}

#[test]
fn the_shared_one_is_the_same_for_everybody() {
    let endpoints = [Ministack::shared().endpoint(), Ministack::shared().endpoint()];
    assert_eq!(endpoints[0], endpoints[1]);
    assert!(who_am_i(&endpoints[0]).contains("GetCallerIdentityResult"));
}

/// What makes a `static` sound: whoever holds the pipe may end in any way, and the group ends with it.
#[test]
fn a_bound_group_ends_when_its_pipe_does() {
    let sleep = std::path::Path::new("/bin/sleep");
    let folder = tempfile::tempdir().unwrap();
    let mut group = Group::spawn_bound(sleep, folder.path(), |command| {
        command.arg("600").stdout(Stdio::null());
    })
    .unwrap();
    let id = group.id();
    assert!(until(Duration::from_secs(5), || (process::members(id).len() >= 3).then_some(())).is_some());
    drop(group.leader().stdin.take());
    let gone = until(Duration::from_secs(5), || {
        let _reaped = group.ended();
        process::members(id).is_empty().then_some(())
    });
    assert!(gone.is_some(), "{:?}", process::members(id));
    assert!(!folder.path().exists(), "its folder was left behind");
}

#[test]
fn a_group_ends_with_what_it_started() {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "sleep 600 & sleep 600 & wait"]);
    let group = Group::spawn(&mut command).unwrap();
    let id = group.id();
    assert!(until(Duration::from_secs(5), || (process::members(id).len() == 3).then_some(())).is_some());
    drop(group);
    assert_eq!(process::members(id), [0; 0]);
}
