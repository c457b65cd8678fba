//! A large file up and down, by the sandbox and by OpenSSH's own server.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use crate::openssh::{Login, Sshd, Tools};
use crate::report::{Row, median};
use crate::sandbox::Sandbox;
use crate::{Options, Result};

/// The ciphers, as `sftp -c` names them: the client's first choice, and the one that is fastest on most machines.
const CIPHERS: [&str; 2] = ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"];

/// One of the servers.
struct Server<'a> {
    login: &'a Login,
    /// Where an upload is to be found on this machine.
    stored: PathBuf,
    /// What the client calls it.
    remote: String,
}

/// Sends the file up and down, with each cipher and each server in turns.
pub(crate) fn measure(sandbox: &Sandbox, folder: &Path, tools: &Tools, options: Options) -> Result<Vec<Row>> {
    let sent = folder.join("sent");
    make_file(&sent, options.mebibytes)?;
    let sshd = Sshd::start(tools, folder)?;
    let alice = Login::with_password(tools, folder, "alice", &sandbox.password, sandbox.port)?;
    let stored = sandbox.folder.join("buckets/sandbox-files/home/alice@example.com/large");
    let theirs = sshd.files.join("large");
    let servers = [
        Server { login: &alice, stored, remote: "large".to_owned() },
        Server { login: &sshd.login, remote: theirs.display().to_string(), stored: theirs },
    ];
    let received = folder.join("received");
    let mut rows = Vec::new();
    for cipher in CIPHERS {
        let (mut puts, mut gets, mut processor) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()], [0.0; 2]);
        for round in 0..options.rounds {
            for turn in 0..servers.len() {
                let at = (turn + round) % servers.len();
                let (Some(server), Some(puts), Some(gets)) = (servers.get(at), puts.get_mut(at), gets.get_mut(at))
                else {
                    continue;
                };
                let before = [sandbox.cpu(), sshd.cpu()];
                let put = format!("put {} {}\n", sent.display(), server.remote);
                puts.push(server.login.session(&put, Some(cipher))?.as_secs_f64());
                let get = format!("get {} {}\n", server.remote, received.display());
                gets.push(server.login.session(&get, Some(cipher))?.as_secs_f64());
                for ((sum, before), now) in processor.iter_mut().zip(before).zip([sandbox.cpu(), sshd.cpu()]) {
                    *sum += now - before;
                }
                if round == 0 {
                    same(&sent, &server.stored)?;
                    same(&sent, &received)?;
                }
                fs::remove_file(&server.stored)?;
                fs::remove_file(&received)?;
            }
        }
        let short = cipher.trim_end_matches("@openssh.com");
        for (what, [ours, theirs]) in [("put", puts), ("get", gets)] {
            let speed = |took: Vec<f64>| options.mebibytes as f64 / median(took);
            let name = format!("{what} {} MiB, {short}", options.mebibytes);
            rows.push(Row::against(&name, speed(ours), "MiB/s", "OpenSSH's", speed(theirs)));
        }
        let [ours, theirs] = processor.map(|sum| sum * 1024.0 / (2 * options.mebibytes * options.rounds as u64) as f64);
        rows.push(Row::at_most_theirs("  processor time of the server", ours, "s/GiB", "OpenSSH's", theirs));
    }
    fs::remove_file(sent)?;
    Ok(rows)
}

/// Bytes that do not repeat, so that nothing on the way can be clever about them.
fn make_file(path: &Path, mebibytes: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut random = fastrand::Rng::with_seed(7);
    let mut block = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        random.fill(&mut block);
        file.write_all(&block)?;
    }
    Ok(file.flush()?)
}

/// Whether two files hold the same bytes.
fn same(expected: &Path, found: &Path) -> Result<()> {
    let mut files = [BufReader::new(File::open(expected)?), BufReader::new(File::open(found)?)];
    let mut blocks = [Vec::new(), Vec::new()];
    loop {
        for (file, block) in files.iter_mut().zip(&mut blocks) {
            block.clear();
            file.by_ref().take(1 << 20).read_to_end(block)?;
        }
        match &blocks {
            [expected, found] if expected != found => break,
            [expected, _] if expected.is_empty() => return Ok(()),
            [_, _] => {}
        }
    }
    Err(format!("{} does not hold what was sent", found.display()).into())
}
