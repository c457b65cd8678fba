//! OpenSSH: its client for both servers, and its server to compare with.

use std::env;
use std::fs::{self, File, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::sandbox::cpu_with_children;

/// How long `sshd` may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where distributions keep what is not in the path.
const FOLDERS: [&str; 6] =
    ["/usr/bin", "/usr/sbin", "/usr/lib/openssh", "/usr/lib/ssh", "/usr/libexec", "/usr/libexec/openssh"];

/// OpenSSH's programs.
pub(crate) struct Tools {
    sftp: PathBuf,
    keygen: PathBuf,
    sshd: PathBuf,
    sftp_server: PathBuf,
    /// What `sshd` says of its version.
    pub(crate) version: String,
}

impl Tools {
    /// Finds them all, or tells which is missing.
    pub(crate) fn find() -> Result<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let find = |name: &str| -> Result<PathBuf> {
            let mut folders = env::split_paths(&path).chain(FOLDERS.iter().map(PathBuf::from));
            let found = folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
            Ok(found.ok_or_else(|| format!("nothing measured: there is no {name} of OpenSSH on this machine"))?)
        };
        let sshd = find("sshd")?;
        let said = Command::new(&sshd).arg("-V").output()?.stderr;
        let said = String::from_utf8_lossy(&said).into_owned();
        let version = said.lines().find(|line| line.starts_with("OpenSSH")).unwrap_or("OpenSSH").to_owned();
        Ok(Self { sftp: find("sftp")?, keygen: find("ssh-keygen")?, sshd, sftp_server: find("sftp-server")?, version })
    }

    fn make_key(&self, file: &Path) -> Result<()> {
        let mut command = Command::new(&self.keygen);
        let status = command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file).status()?;
        if status.success() { Ok(()) } else { Err(format!("ssh-keygen: {status}").into()) }
    }
}

/// Somebody who signs in somewhere with OpenSSH's `sftp`.
pub(crate) struct Login {
    sftp: PathBuf,
    folder: PathBuf,
    options: Vec<String>,
    environment: Vec<(&'static str, String)>,
    target: String,
}

impl Login {
    /// By password, which `sftp` has read to it by a script, for want of a terminal.
    pub(crate) fn with_password(tools: &Tools, folder: &Path, user: &str, password: &str, port: u16) -> Result<Self> {
        let script = folder.join("askpass");
        if !script.exists() {
            fs::write(&script, "#!/bin/sh\necho \"$SFTP_PASSWORD\"\n")?;
            fs::set_permissions(&script, Permissions::from_mode(0o700))?;
        }
        let environment = vec![
            ("SSH_ASKPASS", script.display().to_string()),
            ("SSH_ASKPASS_REQUIRE", "force".to_owned()),
            ("SFTP_PASSWORD", password.to_owned()),
        ];
        Ok(Self::new(tools, folder, &["BatchMode=no", "PreferredAuthentications=password"], environment, user, port))
    }

    fn new(
        tools: &Tools,
        folder: &Path,
        own: &[&str],
        environment: Vec<(&'static str, String)>,
        user: &str,
        port: u16,
    ) -> Self {
        let port = format!("Port={port}");
        let all =
            ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "Compression=no", &port];
        let options = own.iter().chain(&all).map(|option| format!("-o{option}")).collect();
        let target = format!("{user}@127.0.0.1");
        Self { sftp: tools.sftp.clone(), folder: folder.to_owned(), options, environment, target }
    }

    /// A whole session with these commands, and how long it took from start to end.
    pub(crate) fn session(&self, commands: &str, cipher: Option<&str>) -> Result<Duration> {
        let batch = self.folder.join("batch");
        fs::write(&batch, commands)?;
        let mut command = Command::new(&self.sftp);
        command.args(["-q", "-F", "/dev/null"]).args(&self.options).arg("-b").arg(&batch);
        if let Some(cipher) = cipher {
            command.arg("-c").arg(cipher);
        }
        command.arg(&self.target).envs(self.environment.iter().map(|(name, value)| (*name, value)));
        let began = Instant::now();
        let ended = command.stdin(Stdio::null()).output()?;
        let took = began.elapsed();
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            return Err(format!("sftp to {}: {}\n{said}", self.target, ended.status).into());
        }
        Ok(took)
    }
}

/// OpenSSH's server on loopback. It ends with this value.
pub(crate) struct Sshd {
    child: Child,
    /// Who may sign in there, with a key.
    pub(crate) login: Login,
    /// The name of whoever that is.
    pub(crate) user: String,
    /// The file of the private key.
    pub(crate) key: PathBuf,
    pub(crate) port: u16,
    /// Where it keeps files.
    pub(crate) files: PathBuf,
}

impl Sshd {
    pub(crate) fn start(tools: &Tools, folder: &Path) -> Result<Self> {
        let own = folder.join("sshd");
        let files = own.join("files");
        fs::create_dir_all(&files)?;
        let (host_key, user_key) = (own.join("host_key"), own.join("user_key"));
        tools.make_key(&host_key)?;
        tools.make_key(&user_key)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = own.join("config");
        let text = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}.pub\nStrictModes no\n\
             PasswordAuthentication no\nUsePAM no\nUseDNS no\nCompression no\nMaxStartups 100\nPermitRootLogin prohibit-password\n\
             Subsystem sftp {}\n",
            host_key.display(),
            user_key.display(),
            tools.sftp_server.display()
        );
        fs::write(&config, text)?;
        if rustix::process::geteuid().is_root() {
            // As root it wants this folder, which its service makes at each start of the machine.
            fs::create_dir_all("/run/sshd")?;
        }
        let log = own.join("log");
        let mut command = Command::new(&tools.sshd);
        command.arg("-D").arg("-e").arg("-f").arg(&config).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(File::create(&log)?).spawn()?;
        let user = env::var("USER").or_else(|_| whoami())?;
        let options = [format!("IdentityFile={}", user_key.display()), "IdentitiesOnly=yes".to_owned()];
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let login = Login::new(tools, folder, &options, Vec::new(), &user, port);
        let mut sshd = Self { child, login, user, key: user_key, port, files };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if sshd.child.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                return Err(format!("sshd does not listen: {}", fs::read_to_string(log)?).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(sshd)
    }
}

impl Sshd {
    /// Seconds of processor time that it has had until now, with the processes of the sessions that have ended.
    pub(crate) fn cpu(&self) -> f64 {
        cpu_with_children(self.child.id())
    }
}

fn whoami() -> Result<String> {
    Ok(String::from_utf8(Command::new("id").arg("-un").output()?.stdout)?.trim().to_owned())
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
