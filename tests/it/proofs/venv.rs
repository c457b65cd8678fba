//! The Python environments: installed once, again when the requirements change, and never half.

use std::fs;
use std::thread;

use crate::support::venv;

#[test]
fn a_change_of_the_requirements_installs_anew_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let (place, requirements) = (folder.path().join("env"), folder.path().join("requirements.txt"));
    fs::write(&requirements, "# nothing\n").unwrap();
    // Two at once: one installs, the other waits for it and finds the marker.
    let both: Vec<_> = thread::scope(|scope| {
        let ready = [(); 2].map(|()| scope.spawn(|| venv::ready(&place, &requirements)));
        ready.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(both, [Ok(place.clone()), Ok(place.clone())]);

    let trace = place.join("trace");
    fs::write(&trace, "").unwrap();
    venv::ready(&place, &requirements).unwrap();
    assert!(trace.exists(), "the same requirements were installed again");

    fs::write(&requirements, "# nothing else\n").unwrap();
    venv::ready(&place, &requirements).unwrap();
    assert!(!trace.exists(), "other requirements were not installed");
}

#[test]
fn an_install_that_fails_says_what_failed_and_leaves_no_marker() {
    let folder = tempfile::tempdir().unwrap();
    let (place, requirements) = (folder.path().join("env"), folder.path().join("requirements.txt"));
    fs::write(&requirements, "./no-such-project\n").unwrap();
    let error = venv::ready(&place, &requirements).unwrap_err();
    assert!(error.contains("a Python environment of the tests cannot be made"), "{error}");
    assert!(error.contains("no-such-project"), "{error}");
    assert!(!place.join("requirements.sha256").exists());
}
