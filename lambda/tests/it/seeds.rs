//! The seeds of `lambda/fuzz`, replayed: what was once found by fuzzing stays found.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, thread};

#[allow(
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    reason = "a library of its own in lambda/fuzz, where a failed check has to panic"
)]
#[path = "../../fuzz/src/lib.rs"]
mod bodies;

type Check = fn(&[u8]) -> bool;

const TARGETS: [(&str, Check); 10] = [
    ("direct_event", bodies::direct_event::check),
    ("home_and_policy", bodies::home_and_policy::check),
    ("name_and_password", bodies::name_and_password::check),
    ("okta_authn", bodies::okta_authn::check),
    ("okta_directory", bodies::okta_directory::check),
    ("proxy_event", bodies::proxy_event::check),
    ("service_app_key", bodies::service_app_key::check),
    ("settings", bodies::settings::check),
    ("sign_in", bodies::sign_in::check),
    ("ssh_key", bodies::ssh_key::check),
];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_target_has_seeds_and_is_replayed() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let files = targets.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), files);
    assert_eq!(names(&fuzz().join("seeds")), targets);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}

/// Each target meets seeds that are taken and seeds that are refused: a check that stops at its first line shows.
#[test]
fn every_seed_passes() {
    for (target, check) in TARGETS {
        let (mut taken, mut refused) = (0, 0);
        let folder = fuzz().join("seeds").join(target);
        for name in names(&folder) {
            let seed = fs::read(folder.join(&name)).unwrap();
            match thread::spawn(move || check(&seed)).join() {
                Ok(true) => taken += 1,
                Ok(false) => refused += 1,
                Err(_) => panic!("the seed {target}/{name} breaks a promise: see above"),
            }
        }
        assert!(taken > 0 && refused > 0, "{target}: {taken} seeds are taken, {refused} are refused");
    }
}
