//! What is built into the binaries: licences, sources, and no second TLS stack. Reads the lock file through cargo.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Licences that may be in the lock file. Each dependency offers at least one of them, or all of those it joins by AND.
const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn metadata() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Whether an SPDX expression can be met from `LICENCES`. Parentheses only ever group an OR here.
fn is_allowed(expression: &str) -> bool {
    let flat = expression.replace('/', " OR ");
    flat.split(" AND ").all(|part| {
        part.trim_matches(['(', ')', ' '])
            .split(" OR ")
            .any(|licence| LICENCES.contains(&licence.trim_matches(['(', ')', ' '])))
    })
}

#[test]
fn every_licence_is_allowed() {
    let refused: Vec<String> = metadata()
        .iter()
        .filter(|package| !is_allowed(package["license"].as_str().unwrap_or("none")))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert_eq!(refused, Vec::<String>::new());
    assert!(!is_allowed("AGPL-3.0-or-later") && !is_allowed("MIT AND GPL-2.0") && is_allowed("GPL-2.0 OR MIT"));
}

#[test]
fn every_dependency_comes_from_the_registry() {
    let sources: BTreeSet<String> =
        metadata().iter().filter_map(|package| package["source"].as_str().map(ToOwned::to_owned)).collect();
    assert!(sources.iter().all(|source| source.starts_with("registry+")), "{sources:?}");
}

#[test]
fn there_is_one_http_stack_and_no_openssl() {
    for package in metadata() {
        let (name, version) = (package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        // hyper 0.14 and rustls 0.21 come with the SDK crates' legacy client, which nothing here needs.
        let unwanted = match name {
            "openssl-sys" | "native-tls" => true,
            "hyper" => version.starts_with("0."),
            "rustls" => version.starts_with("0.21."),
            "h2" => version.starts_with("0.3."),
            _ => false,
        };
        assert!(!unwanted, "{name} {version}");
    }
}
