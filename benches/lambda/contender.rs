//! Who is measured, and what each needs to run.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::okta::Okta;
use crate::python::{self, tell};
use crate::sign_in::{self, Job};
use crate::{bootstrap, zip};

/// One row of the table.
#[derive(Default)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) job: Job,
    /// Why it cannot be measured.
    pub(crate) missing: Option<String>,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<&'static str>,
    /// What it finds in its environment beside what Lambda puts there.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The unpacked zip, and where it runs.
    pub(crate) folder: PathBuf,
    /// Bytes of the zip that is uploaded.
    pub(crate) zip: u64,
    /// What it runs on, for the report.
    pub(crate) version: String,
    /// What of its libraries Lambda brings, zipped: name and bytes.
    pub(crate) libraries: Option<(&'static str, u64)>,
}

/// The function first, then the others; job by job.
pub(crate) fn all(folder: &Path, okta: &Okta) -> Result<Vec<Contender>, Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no repository")?;
    let sources = repository.join("benches/contenders");
    let org_url = okta.url();
    // A folder with the settings and these files, and the size of its zip.
    let unpacked = |name: &str, job: Job, files: &[(PathBuf, &str)]| -> std::io::Result<(PathBuf, u64)> {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        let mut packed = vec![folder.join("settings.json")];
        fs::write(folder.join("settings.json"), sign_in::settings(&org_url, job))?;
        for (from, to) in files {
            let to = folder.join(to);
            fs::copy(from, &to)?;
            packed.push(to);
        }
        let zip = zip::size(&packed.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        Ok((folder, zip))
    };
    let missing = |name, job, why: &String| Contender { name, job, missing: Some(why.clone()), ..Contender::default() };
    // As it must where Okta is an https one, which all are but stand-ins. The function always does.
    let tls = || vec![("PREPARE_TLS", "1".to_owned())];

    let bootstrap = bootstrap::path()?;
    let version =
        format!("bootstrap of {} bytes, sftp-okta {}", fs::metadata(&bootstrap)?.len(), env!("CARGO_PKG_VERSION"));
    let mut all = Vec::new();
    for (name, folder, job) in [
        ("Rust, bootstrap", "rust", Job::Password),
        ("Rust, groups", "rust-groups", Job::Groups),
        ("Rust, 1,000 access rules", "rust-rules", Job::Rules),
    ] {
        let (folder, zip) = unpacked(folder, job, &[(bootstrap.clone(), "bootstrap")])?;
        let (program, version) = (folder.join("bootstrap"), version.clone());
        all.push(Contender { name, job, program, folder, zip, version, ..Contender::default() });
    }

    let pythons = [
        ("Python 3.11", "python", "handler.handle", Job::Password, tls()),
        ("Python 3.11, no TLS", "python-plain", "handler.handle", Job::Password, Vec::new()),
        ("Python 3.11, boto3", "python-boto3", "handler_boto3.handle", Job::Password, tls()),
        ("Python 3.11, groups", "python-groups", "handler.handle", Job::Groups, tls()),
        ("Python 3.11, boto3, groups", "python-boto3-groups", "handler_boto3.handle", Job::Groups, tls()),
    ];
    let python = python::ready(repository);
    for (name, folder, handler, job, environment) in pythons {
        let python = match &python {
            Ok(python) => python,
            Err(why) => {
                all.push(missing(name, job, why));
                continue;
            }
        };
        let with_boto3 = handler.starts_with("handler_boto3");
        let with_groups = job == Job::Groups;
        let files = [("handler.py", true), ("handler_boto3.py", with_boto3), ("service_app.py", with_groups)];
        let files = files.iter().filter(|(_, is_needed)| *is_needed).map(|(file, _)| (sources.join(file), *file));
        let (folder, mut zip) = unpacked(folder, job, &files.collect::<Vec<_>>())?;
        if with_groups {
            zip += size_of_cryptography(&python.packages)?;
        }
        let libraries = (with_boto3 && !with_groups).then(|| size_of_boto3(&python.packages)).transpose()?;
        all.push(Contender {
            name,
            job,
            program: python.program.clone(),
            arguments: vec!["-m", "awslambdaric", handler],
            environment,
            folder,
            zip,
            version: format!("Python {}", python.version),
            libraries: libraries.map(|size| ("boto3", size)),
            ..Contender::default()
        });
    }

    let nodes = [
        ("Node", "node", Job::Password, tls()),
        ("Node, no TLS", "node-plain", Job::Password, Vec::new()),
        ("Node, groups", "node-groups", Job::Groups, tls()),
    ];
    let node = tell(Command::new("node").arg("--version"));
    for (name, folder, job, environment) in nodes {
        let Ok(version) = &node else {
            all.push(missing(name, job, &"no node".to_owned()));
            continue;
        };
        let files = ["handler.js", "service_app.js"].map(|file| (sources.join(file), file));
        let (folder, zip) = unpacked(folder, job, files.get(..1 + job.once()).unwrap_or_default())?;
        fs::copy(sources.join("runtime.js"), folder.join("runtime.js"))?;
        let (program, arguments) = (PathBuf::from("node"), vec!["runtime.js"]);
        let version = format!("Node {}, a runtime loop of its own (runtime.js)", version.trim());
        all.push(Contender {
            name,
            job,
            program,
            arguments,
            environment,
            folder,
            zip,
            version,
            ..Contender::default()
        });
    }
    all.sort_by_key(|contender| contender.job);
    Ok(all)
}

/// Which Lambda does not bring.
fn size_of_cryptography(packages: &Path) -> std::io::Result<u64> {
    let entries = fs::read_dir(packages)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    let is_wanted = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        ["cryptography", "cffi", "_cffi_backend", "pycparser"].iter().any(|wanted| {
            // Beside a package of that name, a library of its own: `_cffi_backend.cpython-311-x86_64-linux-gnu.so`.
            name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.ends_with(".so"))
        })
    };
    zip::size(&entries.iter().filter(is_wanted).map(PathBuf::as_path).collect::<Vec<_>>())
}

fn size_of_boto3(packages: &Path) -> std::io::Result<u64> {
    let names = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3"];
    let paths = names.map(|name| packages.join(name));
    zip::size(&paths.each_ref().map(PathBuf::as_path))
}
