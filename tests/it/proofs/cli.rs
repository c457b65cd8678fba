//! Running programs: what they see, what we get, and that they end.

use std::path::Path;
use std::time::Duration;

use crate::support::cli::Cli;
use crate::support::process::{self, Signal};

fn shell() -> Cli {
    Cli::of(Path::new("/bin/sh"))
}

#[test]
fn a_program_sees_test_credentials_and_nothing_of_ours() {
    let cli =
        shell().endpoint("http://127.0.0.1:1").endpoint_of("TRANSFER", "http://127.0.0.1:2").without("AWS_REGION");
    let ran = cli.run(&["-c", "env; pwd"]);
    ran.expect_code(0);
    let mut names: Vec<&str> = ran.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_", "LLVM_PROFILE_FILE"].contains(name));
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_CONFIG_FILE",
            "AWS_EC2_METADATA_DISABLED",
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_TRANSFER",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SHARED_CREDENTIALS_FILE",
            "HOME",
            "PATH",
        ]
    );
    assert_eq!(ran.stdout.lines().last(), cli.folder().canonicalize().unwrap().to_str());
}

#[test]
fn streams_codes_input_and_files_are_kept_apart() {
    let cli = shell().input("asked");
    cli.write("given.txt", "given");
    let ran =
        cli.run(&["-c", r#"printf '{"in":"%s","file":"%s"}' "$(cat)" "$(cat given.txt)"; echo story >&2; exit 7"#]);
    ran.expect_code(7);
    assert_eq!(ran.json(), serde_json::json!({"in": "asked", "file": "given"}));
    assert_eq!(ran.stderr, "story\n");
}

#[test]
fn a_signal_reaches_a_run_under_way() {
    // Not a shell: one that was started with SIGINT ignored, as jobs in the background are, cannot trap it any more.
    let script = "import os, signal, sys\n\
                  for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):\n    \
                      signal.signal(number, lambda *_, code=code: os._exit(code))\n\
                  print('ready', file=sys.stderr, flush=True)\n\
                  while True:\n    signal.pause()\n";
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut running = Cli::of(Path::new("/usr/bin/env")).start(&["python3", "-c", script]);
        running.wait_for_stderr("ready");
        running.signal(signal);
        running.wait().expect_code(code);
    }
}

#[test]
fn a_run_over_its_time_is_killed_with_what_it_started() {
    let mut running = shell().limit(Duration::from_millis(300)).start(&["-c", "sleep 600 & echo on >&2; sleep 600"]);
    running.wait_for_stderr("on");
    let group = running.group();
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| running.wait())).unwrap_err();
    let message = failed.downcast_ref::<String>().expect("a message");
    assert!(message.contains("not ended within 300ms") && message.contains("stderr: on"), "{message}");
    assert_eq!(process::members(group), [0; 0]);
}

#[test]
fn the_deployer_of_this_build_runs() {
    let ran = Cli::new().run(&["--version"]);
    ran.expect_code(0);
}
