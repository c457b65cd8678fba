//! How many calls to AWS a deploy with nothing to change makes, alone and among a thousand servers.

use std::process::Command;

use crate::Result;
use crate::deployed::Deployed;
use crate::proxy::Proxy;
use crate::report::Row;
use crate::timing::run;

/// The most calls that such a deploy may make.
const MOST: f64 = 10.0;

/// What such a deploy asks, and `status`, sorted.
pub(crate) struct Alone {
    deploy: Vec<String>,
    status: Vec<String>,
}

/// While the deployment's server is the only one.
pub(crate) fn alone(deployed: &Deployed) -> Result<Alone> {
    Ok(Alone { deploy: asked(deployed, deployed.deploy())?, status: asked(deployed, deployed.ours("status"))? })
}

/// While there are so many others.
pub(crate) fn among_others(deployed: &Deployed, alone: &Alone, others: usize) -> Result<Vec<Row>> {
    let deploy = asked(deployed, deployed.deploy())?;
    if deploy != alone.deploy {
        eprintln!("alone: {}\namong {others}: {}", alone.deploy.join(", "), deploy.join(", "));
    }
    let status = asked(deployed, deployed.ours("status"))?;
    let (count, before) = (deploy.len() as f64, alone.deploy.len() as f64);
    Ok(vec![
        Row::at_most("calls of a deploy with nothing to change", before, "", MOST),
        Row::at_most(&format!("  among {others} servers of others"), count, "", before),
        Row::plain("calls of status", alone.status.len() as f64, ""),
        Row::plain(&format!("  among {others}: it looks for orphans"), status.len() as f64, ""),
    ])
}

/// Fails where two programs do not ask the same.
pub(crate) fn same_calls(deployed: &Deployed, one: Command, other: Command) -> Result<()> {
    let (one, other) = (asked(deployed, one)?, asked(deployed, other)?);
    if one == other {
        Ok(())
    } else {
        Err(format!("they do not ask the same:\n{}\n{}", one.join(", "), other.join(", ")).into())
    }
}

/// What a program asks, sorted.
fn asked(deployed: &Deployed, command: Command) -> Result<Vec<String>> {
    let proxy = Proxy::before(&deployed.endpoint)?;
    run(&mut Deployed::behind(command, &proxy.endpoint()))?;
    let mut calls: Vec<_> = proxy.take().into_iter().map(|(_, call)| call).collect();
    calls.sort();
    Ok(calls)
}
