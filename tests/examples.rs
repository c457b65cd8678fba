//! The examples and the documents say what the code does: each example is read, and each fact in a document that the code
//! knows too is compared.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "template/document.rs"]
#[allow(dead_code, reason = "the tests of the template use more of it")]
mod document;
#[path = "template/tools.rs"]
mod tools;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use document::{read, repository};
use serde_json::Value;
use sftp_okta::exit_code::ExitCode;
use sftp_okta::settings::{ConfigFile, Endpoint, FLAGS, Given, Settings, resolve};
use tools::{run, scanner};

const TEST: &str = "cargo test --workspace --locked";
const MAIN_JOB: &str = "cargo run --release -- deploy --sandbox --yes";
const TOUR: &str = "cargo run --release --example emulated";

fn example(name: &str) -> PathBuf {
    repository().join("examples").join(name)
}

fn document(name: &str) -> String {
    read(&repository().join(name))
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn examples_ending_in(ending: &str) -> Vec<PathBuf> {
    let found: Vec<PathBuf> = files(&example(""))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == ending))
        .collect();
    assert!(!found.is_empty(), "no example ends in .{ending}");
    found
}

fn settings(path: PathBuf, text: String) -> Settings {
    resolve(&Given::default(), Some(&ConfigFile { path, text })).unwrap_or_else(|error| panic!("{error:#?}"))
}

/// The keys of `src/settings/layout.rs`, section by section: `okta.org_url`.
fn known_keys() -> BTreeSet<String> {
    let mut section = String::new();
    let mut keys = BTreeSet::new();
    let layout = document("src/settings/layout.rs");
    for part in layout.split("const ").skip(1) {
        if let Some((name, _)) = part.split_once(':') {
            section = match name {
                "TOP" => String::new(),
                "ENDPOINT" => "server.endpoint.".to_owned(),
                "SERVICE_APP" => "okta.service_app.".to_owned(),
                "ACCESS" => "access[].".to_owned(),
                "FOLDERS" => "access[].folders[].".to_owned(),
                other => format!("{}.", other.to_lowercase()),
            };
        }
        let names = part.split('"').skip(1).step_by(2);
        keys.extend(names.map(|name| format!("{section}{name}")));
    }
    keys
}

/// All keys of a TOML value, tables included, arrays of tables as `access[]`.
fn keys_of(value: &Value, above: &str, keys: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let key = format!("{above}{name}");
        keys_of(value, &format!("{key}."), keys);
        for element in value.as_array().into_iter().flatten() {
            keys_of(element, &format!("{key}[]."), keys);
        }
        keys.insert(key);
    }
}

/// The fenced blocks of one language in a Markdown text.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    let rest = text.split(fence.as_str()).skip(1);
    rest.map(|rest| rest.split_once("\n```").map_or(rest, |(block, _)| block).to_owned()).collect()
}

#[test]
fn every_configuration_is_valid() {
    for path in examples_ending_in("toml") {
        let text = read(&path);
        settings(path, text);
    }
    let readme = document("README.md");
    let quick_start = blocks(&readme, "toml");
    assert_eq!(quick_start.len(), 1);
    for text in quick_start {
        assert_eq!(settings(PathBuf::from("README.md"), text).name, "partners");
    }
}

/// The examples for a situation show what they are for, and nothing in them is told as a mistake.
#[test]
fn each_situation_is_what_it_says() {
    let read_example = |name: &str| {
        let path = example(name);
        let text = read(&path);
        settings(path, text)
    };
    let partners = read_example("partners.toml");
    assert_eq!(partners.warnings(), Vec::<String>::new());
    assert!(partners.okta.service_app.is_some() && partners.access.iter().all(|rule| !rule.groups.is_empty()));
    assert_eq!(partners.user_prefix(), "partners/");
    let drop_box = read_example("drop-box.toml");
    assert_eq!(drop_box.warnings(), Vec::<String>::new());
    assert_eq!(drop_box.access[0].folders.len(), 2);
    assert_eq!(drop_box.access[0].home, None);
    assert_eq!(drop_box.user_prefix(), "suppliers/");
    let keys = read_example("keys.toml");
    assert!(keys.server.authentication.takes_keys() && keys.access[0].ssh_keys.len() == 1);
    assert_eq!(keys.warnings().len(), 2, "several prefixes, and keys without a password");
    let mfa = read_example("mfa.toml");
    assert_eq!(mfa.warnings(), Vec::<String>::new());
    assert_eq!(mfa.okta.mfa_methods.len(), 2);
}

/// The full example has every key there is, and the defaults it tells are the defaults.
#[test]
fn the_full_example_is_full() {
    let path = example("full.toml");
    let value: Value = toml::from_str(&read(&path)).unwrap();
    let mut present = BTreeSet::new();
    keys_of(&value, "", &mut present);
    let known = known_keys();
    assert!(known.len() > 25, "{known:?}");
    assert_eq!(known.difference(&present).collect::<Vec<_>>(), Vec::<&String>::new());

    let text = read(&path);
    let (full, minimal) = (settings(path, text), example("minimal.toml"));
    let text = read(&minimal);
    let minimal = settings(minimal, text);
    assert!(matches!(full.server.endpoint, Endpoint::Vpc { .. }));
    assert_eq!(minimal.server.endpoint, Endpoint::Public);
    assert_eq!(full.lambda, minimal.lambda);
    assert_eq!(full.api, minimal.api);
    assert_eq!(full.stack_name, minimal.stack_name);
    assert_eq!(full.server.security_policy, minimal.server.security_policy);
    assert_eq!(full.server.directory_listing_optimization, minimal.server.directory_listing_optimization);
}

/// The table of the README and the comments of the full example name every flag and every key.
#[test]
fn every_setting_is_documented() {
    let (readme, full) = (document("README.md"), document("examples/full.toml"));
    let row = |key: &str| readme.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
    for flag in FLAGS {
        assert!(readme.contains(&format!("| `--{flag}")), "README.md lacks --{flag}");
        assert!(full.contains(&format!("--{flag}")), "full.toml lacks --{flag}");
    }
    let sections = ["okta", "storage", "server", "lambda", "api", "alarms", "throttle", "access"];
    for key in known_keys() {
        let tables = ["server.endpoint.", "okta.service_app.", "access[].folders[]."];
        let told_with_its_section =
            tables.iter().any(|table| key.starts_with(table)) || sections.contains(&key.as_str());
        let key = if key == "tags" { "[tags]".to_owned() } else { key };
        assert!(told_with_its_section || row(&key).is_some(), "README.md lacks {key}");
    }
    for (key, default) in [
        ("access[].home", "/{bucket}/home/{login}"),
        ("access[].permissions", "read-write"),
        ("server.security_policy", "TransferSecurityPolicy-2025-03"),
        ("lambda.log_retention_days", "90"),
        ("lambda.reserved_concurrency", "0"),
        ("lambda.architecture", "x86_64"),
        ("api.throttling_rate", "20"),
        ("api.throttling_burst", "40"),
        ("throttle.per_user", "5"),
        ("throttle.per_source", "30"),
        ("okta.mfa", "off"),
        ("server.authentication", "password"),
        ("server.identity_provider", "api-gateway"),
    ] {
        assert!(row(key).unwrap().contains(&format!("| `{default}` |")), "{key}");
    }
    let minimal = settings(PathBuf::from("minimal.toml"), document("examples/minimal.toml"));
    assert_eq!(minimal.server.security_policy, "TransferSecurityPolicy-2025-03");
    assert_eq!(minimal.lambda.log_retention_days, 90);
    assert_eq!(minimal.access[0].home.as_ref().unwrap().as_str(), "/{bucket}/home/{login}");
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let readme = document("README.md");
    let told: Vec<&str> = readme
        .lines()
        .skip_while(|line| *line != "## Exit codes")
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let known: Vec<String> =
        ExitCode::ALL.iter().map(|code| format!("| {} | {} |", code.number(), code.meaning())).collect();
    assert_eq!(told, known);
}

#[test]
fn the_two_commands_are_the_ones_in_use() {
    let readme = document("README.md");
    let first: Vec<_> = blocks(&readme, "sh").into_iter().take(2).collect();
    assert_eq!(first, [MAIN_JOB, TEST]);
    assert!(readme.contains(TOUR));
    assert!(document(".ci/run").lines().any(|line| line == TEST));
    assert!(document("examples/emulated/main.rs").contains(TOUR));
}

#[test]
fn the_log_line_is_the_one_that_is_written() {
    let readme = document("README.md");
    let line = blocks(&readme, "json").into_iter().next().unwrap();
    assert!(document("lambda/src/decision.rs").contains(&line), "{line}");
}

/// The words in a table's first column, from the row that begins so on.
fn words_of_table(text: &str, heading: &str) -> BTreeSet<String> {
    let rows = text.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    let cells = rows.take_while(|line| line.starts_with('|')).map(|row| row.split('|').nth(1).unwrap().to_owned());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_reason_of_a_sign_in_is_documented() {
    let told = words_of_table(&document("README.md"), "| `reason` |");
    let source = document("lambda/src/reason.rs");
    let (_, words) = source.split_once("pub fn as_str").unwrap();
    let (words, _) = words.split_once("\n    }\n").unwrap();
    let known = words.lines().filter_map(|line| Some(line.split_once(" => \"")?.1.split('"').next()?.to_owned()));
    assert_eq!(told, known.collect::<BTreeSet<_>>());
}

#[test]
fn every_result_of_a_command_is_documented() {
    let readme = document("README.md");
    let row = readme.lines().find(|line| line.starts_with("| `result` |")).unwrap();
    let told: BTreeSet<&str> = row.split('|').nth(2).unwrap().split('`').skip(1).step_by(2).collect();
    let source = document("src/report.rs");
    let (_, names) = source.split_once("pub enum Outcome {").unwrap();
    let (names, _) = names.split_once("\n}\n").unwrap();
    let names = names.lines().map(str::trim).filter_map(|line| line.strip_suffix(','));
    let known: BTreeSet<String> = names.map(str::to_lowercase).collect();
    assert_eq!(told, known.iter().map(String::as_str).collect());
}

/// Links of the documents to files of this repository, and to headings of the same document.
#[test]
fn links_lead_somewhere() {
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = document(name);
        let anchors: BTreeSet<String> = text
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-").replace([',', '.'], ""))
            .collect();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.starts_with("https://")) {
            match target.strip_prefix('#') {
                Some(anchor) => assert!(anchors.contains(anchor), "{name}: {target}"),
                None => assert!(repository().join(target).exists(), "{name}: {target}"),
            }
        }
    }
}

/// The role of the pipeline may pass roles, and make them only within the boundary.
#[test]
fn the_policies_of_the_pipeline_are_bounded() {
    let policies = examples_ending_in("json");
    assert_eq!(policies.len(), 3);
    for path in policies {
        let policy: Value = serde_json::from_str(&read(&path)).unwrap();
        // IAM's limit for a managed policy, without white space.
        assert!(policy.to_string().len() <= 6144, "{} is too long", path.display());
        for statement in policy["Statement"].as_array().unwrap() {
            let actions = statement["Action"].as_array().cloned().unwrap_or_else(|| vec![statement["Action"].clone()]);
            for action in actions.iter().filter_map(Value::as_str) {
                assert!(!action.contains('*'), "{}: {action}", path.display());
                let condition = match action {
                    "iam:PassRole" => "iam:PassedToService",
                    "iam:CreateRole" | "iam:PutRolePolicy" => "iam:PermissionsBoundary",
                    "transfer:CreateServer" => "aws:RequestTag/sftp-okta:deployment",
                    "transfer:DeleteServer" | "transfer:UpdateServer" | "kms:ScheduleKeyDeletion" => {
                        "aws:ResourceTag/sftp-okta:deployment"
                    }
                    "sts:AssumeRoleWithWebIdentity" => "token.actions.githubusercontent.com:sub",
                    _ => continue,
                };
                let value = &statement["Condition"]["StringEquals"][condition];
                assert!(value.is_string() || value.is_array(), "{action} lacks {condition}");
            }
        }
    }
}

/// One repository holds the configuration and runs the workflows, whichever file speaks of it; its subjects have the form
/// that GitHub gives to new repositories.
#[test]
fn the_trusted_repository_is_one() {
    let folder = example("github-actions");
    let mut subjects = BTreeSet::new();
    for path in files(&folder) {
        let text = read(&path);
        for subject in text.split("repo:").skip(1) {
            let subject = subject.split(['"', '`', ' ', '\n']).next().unwrap();
            let plain = subject.replace("@1234567/", "/").replace("@87654321:", ":");
            assert!(plain.starts_with("acme/sftp:"), "{}: {subject}", path.display());
            subjects.insert(subject.to_owned());
        }
        for name in
            text.split("acme/").skip(1).map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '-').next())
        {
            assert!(matches!(name, Some("sftp" | "sftp-okta")), "{}: acme/{name:?}", path.display());
        }
    }
    let with_ids = |end: &str| format!("acme@1234567/sftp@87654321:{end}");
    let expected = ["environment:production", "pull_request", "ref:refs/heads/main"].map(with_ids);
    let older = ["acme/sftp:environment:production".to_owned()];
    assert_eq!(subjects, expected.into_iter().chain(older).collect());
    let trust: Value = serde_json::from_str(&document("examples/github-actions/trust-policy.json")).unwrap();
    let subject = &trust["Statement"][0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"];
    assert_eq!(*subject, "repo:acme@1234567/sftp@87654321:environment:production");
}

/// What is approved is what is deployed: a plan in a file, made with a role that can deploy nothing.
#[test]
fn the_pipelines_deploy_the_plan_that_was_approved() {
    for name in ["github-actions/deploy.yml", "gitlab/.gitlab-ci.yml"] {
        let text = document(&format!("examples/{name}"));
        let command = |word: &str| {
            let found =
                text.lines().find(|line| line.contains(&format!("sftp-okta {word} ")) && !line.starts_with('#'));
            found.unwrap_or_else(|| panic!("{name} has no {word}")).to_owned()
        };
        let (plan, deploy) = (command("plan"), command("deploy"));
        assert!(plan.contains("--out plan.json"), "{name}: {plan}");
        assert!(deploy.contains("--plan ") && deploy.contains("plan.json"), "{name}: {deploy}");
        assert!(!deploy.contains("--yes"), "{name}: {deploy}");
        assert!(text.contains("PLAN_ROLE"), "{name}");
    }
}

/// `$/` is not understood everywhere, and each workflow that is copied says where.
#[test]
fn workflows_say_where_their_short_form_works() {
    for path in workflows() {
        let text = read(&path);
        let uses = text.lines().any(|line| line.trim().starts_with("uses: $/"));
        assert_eq!(uses, text.contains("runner 2.336 or newer"), "{}", path.display());
    }
}

/// GitLab's build with what an earlier job left in its folder: the script is run twice, with stand-ins for git and cargo.
#[test]
fn the_build_job_works_in_a_folder_that_was_used_before() {
    const GIT: &str = "for last; do :; done\n[ $1 = clone ] || exit 0\nmkdir \"$last\"\n";
    const CARGO: &str = "mkdir -p target/release && echo built > target/release/sftp-okta\n";
    let pipeline = document::parse(&document("examples/gitlab/.gitlab-ci.yml"));
    let script: Vec<&str> = pipeline["build"]["script"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let folder = tempfile::tempdir().unwrap();
    let (tools, job) = (folder.path().join("tools"), folder.path().join("job"));
    fs::create_dir_all(&tools).unwrap();
    fs::create_dir_all(job.join("deployer")).unwrap();
    for (name, text) in [("git", GIT), ("cargo", CARGO)] {
        let tool = tools.join(name);
        fs::write(&tool, format!("#!/bin/sh\n{text}")).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    for _ in 0..2 {
        let mut shell = Command::new("sh");
        shell.args(["-euc", &script.join("\n")]).current_dir(&job).env("PATH", &path);
        run(shell.env("SOURCE", "source").env("COMMIT", "HEAD"), &[0]);
        assert_eq!(read(&job.join("bin/sftp-okta")), "built\n");
    }
}

/// The workflows for GitHub.
fn workflows() -> Vec<PathBuf> {
    let of_github = |path: &PathBuf| path.starts_with(example("github-actions"));
    let found: Vec<PathBuf> = examples_ending_in("yml").into_iter().filter(of_github).collect();
    assert_eq!(found.len(), 4);
    found
}

/// Every action of a workflow is pinned by commit, with the version beside it.
#[test]
fn every_action_is_pinned() {
    for path in workflows() {
        let text = read(&path);
        let uses: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("- uses: ")).collect();
        assert!(!uses.is_empty());
        for action in uses {
            let (_, pin) = action.split_once('@').unwrap();
            let (commit, version) = pin.split_once(" # v").unwrap_or_else(|| panic!("{action}"));
            let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            assert!(commit.len() == 40 && commit.bytes().all(hex) && !version.is_empty(), "{action}");
        }
    }
}

fn zizmor(workflow: &Path, statuses: &[i32]) -> Value {
    let report = run(scanner("zizmor").args(["--offline", "--no-config", "--format", "json"]).arg(workflow), statuses);
    serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error} in {report}"))
}

#[test]
fn zizmor_finds_nothing() {
    for path in workflows() {
        assert_eq!(zizmor(&path, &[0]), Value::Array(Vec::new()), "{}", path.display());
    }
}

/// GitLab's own schema and GitHub's, as check-jsonschema ships them.
#[test]
fn the_pipelines_are_of_their_systems_form() {
    let check = |schema: &str, file: &Path, statuses: &[i32]| {
        let schema = format!("vendor.{schema}");
        run(scanner("check-jsonschema").args(["--builtin-schema", &schema]).arg(file), statuses);
    };
    check("gitlab-ci", &example("gitlab/.gitlab-ci.yml"), &[0]);
    workflows().iter().for_each(|path| check("github-workflows", path, &[0]));

    let text = document("examples/gitlab/.gitlab-ci.yml");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".gitlab-ci.yml");
    fs::write(&file, text.replace("      dotenv: sftp.env", "      dotenv: { file: sftp.env }")).unwrap();
    check("gitlab-ci", &file, &[1]);
}

/// Every flag that the pipelines give is one that there is.
#[test]
fn the_pipelines_give_flags_that_there_are() {
    let mut command = sftp_okta::cli::command();
    command.build();
    let mut seen = 0;
    for path in examples_ending_in("yml") {
        for line in document(&path.display().to_string()).lines().filter(|line| !line.trim().starts_with('#')) {
            let Some((_, rest)) = line.split_once("sftp-okta ") else { continue };
            let mut words = rest.split_whitespace();
            let Some(known) = words.next().and_then(|word| command.find_subcommand(word)) else { continue };
            let flags: Vec<&str> = known.get_arguments().filter_map(|argument| argument.get_long()).collect();
            for flag in words.filter_map(|word| word.strip_prefix("--")) {
                assert!(flags.contains(&flag), "{}: --{flag}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn zizmor_finds_what_it_is_for() {
    let text = document("examples/github-actions/deploy.yml");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deploy.yml");
    for (from, to, finding) in [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ("        with:\n          persist-credentials: false\n      - uses", "      - uses", "artipacked"),
    ] {
        assert!(text.contains(from), "the workflow no longer holds {from}");
        fs::write(&file, text.replace(from, to)).unwrap();
        // 11 to 14: findings, by their severity (zizmor documentation, "Exit codes").
        let found = zizmor(&file, &[11, 12, 13, 14]);
        let idents: Vec<&Value> = found.as_array().unwrap().iter().map(|finding| &finding["ident"]).collect();
        assert!(idents.iter().any(|ident| *ident == finding), "{finding} is not among {idents:?}");
    }
    let text = document("examples/github-actions/teardown.yml");
    let from = r#"run: test "$CONFIRM" = "$NAME""#;
    assert!(text.contains(from));
    fs::write(&file, text.replace(from, r#"run: test "${{ inputs.confirm }}" = "$NAME""#)).unwrap();
    let found = zizmor(&file, &[11, 12, 13, 14]).to_string();
    assert!(found.contains("template-injection"), "{found}");
}
