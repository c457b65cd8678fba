//! How long after AWS calls a server ONLINE a deploy says so, and how often it asked until then.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::deployed::Deployed;
use crate::proxy::Proxy;
use crate::report::Row;
use crate::tools::Tools;
use crate::{Options, Result};

/// The first call of a deploy that waits, and the last, are not made while it waits.
const SECONDS_OF_ONE_CALL: f64 = 2.0;

/// Stops the server, deploys, and compares, once a round. The pause between two looks is the usual one.
pub(crate) fn measure(deployed: &Deployed, tools: &Tools, options: Options) -> Result<Vec<Row>> {
    let (mut behind, mut pause, mut waiter) = (0.0_f64, f64::INFINITY, 0.0);
    for _ in 0..options.rounds {
        let mut watch = tools.boto3("online.py");
        watch.arg(&deployed.server).stdout(Stdio::piped());
        let mut watch = deployed.surround(watch).spawn()?;
        let mut told = BufReader::new(watch.stdout.take().ok_or("no stdout")?);
        waiter = line(&mut told)?.parse()?;
        line(&mut told)?;
        let (said, looks) = deploy(deployed)?;
        let online: f64 = line(&mut told)?.parse()?;
        watch.wait()?;
        behind = behind.max(said - online);
        let pauses = looks.windows(2).filter_map(|pair| Some((*pair.last()? - *pair.first()?).as_secs_f64()));
        // What is asked when it looks around first is not asked while it waits.
        pause = pauses.skip(usize::from(looks.len() > 2)).fold(pause, f64::min);
    }
    Ok(vec![
        Row::at_most("ONLINE told, at the most so late", behind, "s", 2.1),
        Row::at_most("  the SDK's waiter, by its definition", waiter, "s", f64::INFINITY),
        Row::at_least("  least pause between two looks", pause, "s", SECONDS_OF_ONE_CALL),
    ])
}

/// Deploys: when it said ONLINE, in seconds since 1970, and when it looked.
fn deploy(deployed: &Deployed) -> Result<(f64, Vec<Instant>)> {
    let proxy = Proxy::before(&deployed.endpoint)?;
    let mut command: Command = Deployed::behind(deployed.deploy(), &proxy.endpoint());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut story = BufReader::new(child.stderr.take().ok_or("no stderr")?);
    let mut heard = Vec::new();
    let said = loop {
        let told = line(&mut story).map_err(|error| format!("{error}: {heard:?}"))?;
        if told.contains(" is ONLINE") {
            break SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        }
        heard.push(told);
    };
    story.read_to_string(&mut String::new())?;
    let status = child.wait()?;
    if !status.success() {
        return Err(format!("deploy: {status}: {heard:?}").into());
    }
    let looks = proxy.take().into_iter().filter(|(_, call)| call == "DescribeServer").map(|(at, _)| at).collect();
    Ok((said, looks))
}

fn line(lines: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    match lines.read_line(&mut line)? {
        0 => Err("it ended without a word".into()),
        _ => Ok(line.trim_end().to_owned()),
    }
}
