//! Who is measured, and what each needs to run.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python::{self, tell};
use crate::{bootstrap, sign_in, zip};

/// One row of the table.
#[derive(Default)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Why it cannot be measured.
    pub(crate) missing: Option<String>,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<&'static str>,
    /// Whether it sets up a TLS client at its start, as it must where Okta is an https one.
    pub(crate) prepares_tls: bool,
    /// The unpacked zip, and where it runs.
    pub(crate) folder: PathBuf,
    /// Bytes of the zip that is uploaded.
    pub(crate) zip: u64,
    /// What it runs on, for the report.
    pub(crate) version: String,
    /// What of its libraries Lambda brings, zipped: name and bytes.
    pub(crate) libraries: Option<(&'static str, u64)>,
}

/// The function first, then the others.
pub(crate) fn all(folder: &Path, org_url: &str) -> Result<Vec<Contender>, Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no repository")?;
    let sources = repository.join("benches/contenders");
    let settings = sign_in::settings(org_url);
    // A folder with the settings and these files, and the size of its zip.
    let unpacked = |name: &str, files: &[(&Path, &str)]| -> std::io::Result<(PathBuf, u64)> {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        let mut packed = vec![folder.join("settings.json")];
        fs::write(folder.join("settings.json"), &settings)?;
        for (from, to) in files {
            let to = folder.join(to);
            fs::copy(from, &to)?;
            packed.push(to);
        }
        let zip = zip::size(&packed.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        Ok((folder, zip))
    };
    let missing = |name, why: &String| Contender { name, missing: Some(why.clone()), ..Contender::default() };

    let (home, size) = unpacked("rust", &[(&bootstrap::path()?, "bootstrap")])?;
    let program = home.join("bootstrap");
    let version =
        format!("bootstrap of {} bytes, sftp-okta {}", fs::metadata(&program)?.len(), env!("CARGO_PKG_VERSION"));
    let mut all =
        vec![Contender { name: "Rust, bootstrap", program, folder: home, zip: size, version, ..Contender::default() }];

    let pythons: [(&str, &str, &str, bool); 3] = [
        ("Python 3.11", "python", "handler.handle", false),
        ("Python 3.11, TLS prepared", "python-tls", "handler.handle", true),
        ("Python 3.11, boto3", "python-boto3", "handler_boto3.handle", false),
    ];
    let python = python::ready(repository);
    for (name, folder, handler, prepares_tls) in pythons {
        let python = match &python {
            Ok(python) => python,
            Err(why) => {
                all.push(missing(name, why));
                continue;
            }
        };
        let with_boto3 = handler.starts_with("handler_boto3");
        let (plain, boto3) = (sources.join("handler.py"), sources.join("handler_boto3.py"));
        let files = [(plain.as_path(), "handler.py"), (boto3.as_path(), "handler_boto3.py")];
        let (folder, zip) = unpacked(folder, files.get(..1 + usize::from(with_boto3)).unwrap_or_default())?;
        let libraries = with_boto3.then(|| size_of_boto3(&python.packages)).transpose()?;
        all.push(Contender {
            name,
            program: python.program.clone(),
            arguments: vec!["-m", "awslambdaric", handler],
            prepares_tls,
            folder,
            zip,
            version: format!("Python {}", python.version),
            libraries: libraries.map(|size| ("boto3", size)),
            ..Contender::default()
        });
    }

    let nodes: [(&str, &str, bool); 2] = [("Node", "node", false), ("Node, TLS prepared", "node-tls", true)];
    let node = tell(Command::new("node").arg("--version"));
    for (name, folder, prepares_tls) in nodes {
        let Ok(version) = &node else {
            all.push(missing(name, &"no node".to_owned()));
            continue;
        };
        let (folder, zip) = unpacked(folder, &[(&sources.join("handler.js"), "handler.js")])?;
        fs::copy(sources.join("runtime.js"), folder.join("runtime.js"))?;
        let (program, arguments) = (PathBuf::from("node"), vec!["runtime.js"]);
        let version = format!("Node {}, a runtime loop of its own (runtime.js)", version.trim());
        all.push(Contender { name, program, arguments, prepares_tls, folder, zip, version, ..Contender::default() });
    }
    Ok(all)
}

fn size_of_boto3(packages: &Path) -> std::io::Result<u64> {
    let names = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3"];
    let paths = names.map(|name| packages.join(name));
    zip::size(&paths.each_ref().map(PathBuf::as_path))
}
