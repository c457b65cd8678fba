//! From nothing to the first sign-in that is accepted.

use std::path::Path;
use std::time::Instant;

use crate::Result;
use crate::openssh::{Login, Tools};
use crate::report::{Report, Row, median};
use crate::sandbox::{Sandbox, cpu_of_children};

/// Deploys into a new home and signs in, once a round.
pub(crate) fn measure(program: &Path, folder: &Path, tools: &Tools, report: &mut Report) -> Result<()> {
    let (mut wall, mut deployed, mut processor, mut memory) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..report.options.rounds {
        let home = folder.join(format!("home-{round}"));
        let (began, before) = (Instant::now(), cpu_of_children());
        let sandbox = Sandbox::deployed(program, &home)?;
        deployed.push(began.elapsed().as_secs_f64());
        let login = Login::with_password(tools, folder, "alice", &sandbox.password, sandbox.port)?;
        login.session("pwd\n", None)?;
        wall.push(began.elapsed().as_secs_f64());
        let own = sandbox.cpu();
        processor.push(cpu_of_children() - before + own);
        report.own(own);
        memory.push(sandbox.peak_memory()?);
    }
    report.extend(vec![
        Row::at_most("nothing to first sign-in, wall", median(wall), "s", 5.0),
        Row::plain("  of it `deploy --sandbox --yes`", median(deployed), "s"),
        Row::at_most("  processor time of all of it", median(processor), "s", 5.0),
        Row::at_most("memory of the sandbox after it", median(memory), "MiB", 150.0),
    ]);
    Ok(())
}
