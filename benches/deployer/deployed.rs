//! A sandbox of this run's own with a deployment in it, made by the real program as a person would make it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::Result;
use crate::timing::{run, run_saying};

/// The stack of the deployment that `deploy --sandbox` makes.
pub(crate) const STACK: &str = "sftp-okta-sandbox";

/// The sandbox and its deployment. It ends with this value.
pub(crate) struct Deployed {
    program: PathBuf,
    home: PathBuf,
    /// Where the sandbox keeps everything.
    folder: PathBuf,
    /// Its AWS.
    pub(crate) endpoint: String,
    okta: String,
    pub(crate) server: String,
}

impl Deployed {
    /// Deploys into a new home, and once more with the settings of [`Deployed::ours`].
    pub(crate) fn make(program: &Path, folder: &Path) -> Result<Self> {
        let home = folder.join("home");
        fs::create_dir_all(home.join(".aws-sam"))?;
        // It asks a registry for its newest version otherwise.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let metadata = json!({"telemetryEnabled": false, "lastVersionCheck": now, "installationId": "benchmark"});
        fs::write(home.join(".aws-sam/metadata.json"), metadata.to_string())?;
        let mut deployed = Self {
            program: program.to_owned(),
            folder: home.clone(),
            home,
            endpoint: String::new(),
            okta: String::new(),
            server: String::new(),
        };
        let told = deployed.sandbox(&["deploy", "--sandbox", "--yes", "--output", "json"])?;
        let text = |pointer: &str| {
            let found = told.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
            found.ok_or_else(|| format!("deploy told no {pointer}: {told}"))
        };
        deployed.folder = text("/folder")?.into();
        deployed.endpoint = text("/endpoint_url")?;
        deployed.okta = text("/okta_url")?;
        deployed.server = text("/server/id")?;
        run(&mut deployed.deploy())?;
        deployed.unchanged()?;
        Ok(deployed)
    }

    /// `deploy` of what is deployed.
    pub(crate) fn deploy(&self) -> Command {
        let mut command = self.ours("deploy");
        command.args(["--yes", "--output", "json"]);
        command
    }

    /// A deploy that finds nothing to change, and the milliseconds it took.
    pub(crate) fn unchanged(&self) -> Result<f64> {
        run_saying(&mut self.deploy(), "\"result\": \"unchanged\"")
    }

    /// A command of the deployer with all settings, at the sandbox's AWS as at any other endpoint.
    pub(crate) fn ours(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args([verb, "--name", "sandbox", "--okta-org", &self.okta, "--bucket", "sandbox-files"]);
        command.args(["--login-domain", "example.com"]);
        self.surround(command)
    }

    /// Only `--help`.
    pub(crate) fn help(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--help");
        self.surround(command)
    }

    /// What everybody finds around them, and nothing of the person who runs this.
    pub(crate) fn surround(&self, mut command: Command) -> Command {
        let set: Vec<_> =
            command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        command.env_clear().current_dir(&self.home).env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", &self.home);
        command.env("AWS_ENDPOINT_URL", &self.endpoint).env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_REGION", "us-east-1").env("AWS_DEFAULT_REGION", "us-east-1");
        command.env("AWS_PAGER", "").env("SAM_CLI_TELEMETRY", "0");
        for (name, value) in set {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
    }

    /// A file in the folder in which everything runs.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// The same at another endpoint, which passes on to this one.
    pub(crate) fn behind(mut command: Command, endpoint: &str) -> Command {
        command.env("AWS_ENDPOINT_URL", endpoint);
        command
    }

    /// Adds servers of others, all OFFLINE: to what the sandbox keeps, since making each takes a tenth of a second. From now on
    /// it is as slow as AWS's own: a server starts in five seconds.
    pub(crate) fn add_servers(&mut self, count: usize) -> Result<()> {
        self.sandbox(&["sandbox", "stop"])?;
        let file = self.folder.join("state.json");
        let mut state: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
        let servers = state.get_mut("servers").and_then(Value::as_object_mut).ok_or("the sandbox keeps no servers")?;
        let one = servers.get(&self.server).ok_or("the sandbox does not keep the server")?.to_string();
        for number in 0..count {
            let id = format!("s-{number:017x}");
            let mut other: Value = serde_json::from_str(&one.replace(&self.server, &id))?;
            let members = other.as_object_mut().ok_or("a server is no object")?;
            members.insert("state".to_owned(), json!("OFFLINE"));
            members.insert("tags".to_owned(), json!({"team": "other"}));
            // Each logs with a role of its own. One with the role of the deployment's stack would be looked at.
            let role = format!("arn:aws:iam::000000000000:role/logs-{number}");
            let description = members.get_mut("description").and_then(Value::as_object_mut);
            description.ok_or("a server has no description")?.insert("LoggingRole".to_owned(), json!(role));
            servers.insert(id, other);
        }
        fs::write(&file, state.to_string())?;
        let port = self.endpoint.rsplit(':').next().unwrap_or_default().to_owned();
        self.sandbox(&["sandbox", "start", "--detach", "--slow", "--port", &port])?;
        self.unchanged()?;
        Ok(())
    }

    /// Runs the deployer on the sandbox.
    fn sandbox(&self, arguments: &[&str]) -> Result<Value> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.home).env_clear();
        command.env("HOME", &self.home).env("XDG_STATE_HOME", self.home.join("state"));
        let ended = command.output()?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            return Err(format!("sftp-okta {}: {}\n{said}", arguments.join(" "), ended.status).into());
        }
        Ok(serde_json::from_slice(&ended.stdout).unwrap_or_default())
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        let _ = self.sandbox(&["sandbox", "stop"]);
    }
}
