//! Contests: how long each takes, and how much of the processor.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::calls;
use crate::deployed::{Deployed, STACK};
use crate::report::Row;
use crate::timing::{Cost, run, run_saying};
use crate::tools::Tools;
use crate::{Options, Result};

/// How often ours runs in a round, where it takes some hundredths of a second.
const TIMES: usize = 10;
/// The same for `--help`, which takes thousandths.
const HELPS: usize = 100;
/// How often `aws --version` runs in a round.
const VERSIONS: usize = 3;
const NO_CHANGE: &str = "No changes to deploy";

/// A deploy with nothing to change.
pub(crate) fn aws_and_sam(deployed: &Deployed, tools: &Tools, options: Options) -> Result<Vec<Row>> {
    let tags = tags(deployed, tools)?;
    let template = template(deployed, tools)?;
    let aws = || -> Result<f64> {
        let mut deploy = tools.aws();
        deploy.args(["cloudformation", "deploy", "--stack-name", STACK, "--template-file", &template]);
        deploy.args(["--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset", "--tags"]).args(&tags);
        let took = run_saying(&mut deployed.surround(deploy), NO_CHANGE)?;
        let mut describe = tools.aws();
        describe.args(["transfer", "describe-server", "--server-id", &deployed.server]);
        Ok(took + run_saying(&mut deployed.surround(describe), "\"ONLINE\"")?)
    };
    let sam = || -> Result<f64> {
        let mut deploy = tools.sam();
        deploy.args(["deploy", "--stack-name", STACK, "--template-file", &template, "--capabilities"]);
        deploy.args(["CAPABILITY_NAMED_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset"]);
        deploy.args(["--s3-bucket", "sftp-okta-artifacts-000000000000-us-east-1", "--s3-prefix", "sam"]);
        deploy.args(["--region", "us-east-1", "--tags", &tags.join(" ")]);
        run_saying(&mut deployed.surround(deploy), NO_CHANGE)
    };
    aws()?;
    sam()?;
    let (mut ours, mut by_aws, mut by_sam) = (Cost::default(), Cost::default(), Cost::default());
    for _ in 0..options.rounds {
        ours.add(TIMES, || deployed.unchanged())?;
        by_aws.add(1, aws)?;
        by_sam.add(1, sam)?;
    }
    let aws = "aws cloudformation deploy + aws transfer describe-server";
    Ok(Row::contest("deploy, nothing to change", &ours, aws, &by_aws, 15.0)
        .into_iter()
        .chain(Row::contest("deploy, nothing to change", &ours, "sam deploy", &by_sam, 30.0))
        .collect())
}

/// `--help`, and the least that the aws command line can be asked.
pub(crate) fn help(deployed: &Deployed, tools: &Tools, options: Options) -> Result<Vec<Row>> {
    let aws = || -> Result<f64> {
        let mut version = tools.aws();
        version.arg("--version");
        Ok(run(&mut deployed.surround(version))?.1)
    };
    let (mut ours, mut theirs) = (Cost::default(), Cost::default());
    for _ in 0..options.rounds {
        ours.add(HELPS, || Ok(run(&mut deployed.help())?.1))?;
        theirs.add(VERSIONS, aws)?;
    }
    Ok(Row::contest("--help", &ours, "aws --version", &theirs, 50.0).into())
}

/// `status`, and the same calls with boto3.
pub(crate) fn status(deployed: &Deployed, tools: &Tools, options: Options) -> Result<Vec<Row>> {
    calls::same_calls(deployed, deployed.ours("status"), boto3(deployed, tools))?;
    let (mut ours, mut theirs) = (Cost::default(), Cost::default());
    for _ in 0..options.rounds {
        ours.add(TIMES, || run_saying(&mut deployed.ours("status"), "healthy"))?;
        theirs.add(1, || run_saying(&mut boto3(deployed, tools), "\"ONLINE\""))?;
    }
    Ok(Row::contest("status", &ours, "boto3, the same calls", &theirs, 30.0).into())
}

fn boto3(deployed: &Deployed, tools: &Tools) -> Command {
    let mut command = tools.boto3("status.py");
    command.arg(STACK);
    deployed.surround(command)
}

/// The stack's tags as `--tags` takes them.
fn tags(deployed: &Deployed, tools: &Tools) -> Result<Vec<String>> {
    let mut describe = tools.aws();
    describe.args(["cloudformation", "describe-stacks", "--stack-name", STACK, "--output", "json"]);
    let stacks: Value = serde_json::from_str(&run(&mut deployed.surround(describe))?.0)?;
    let tags = stacks.pointer("/Stacks/0/Tags").and_then(Value::as_array).ok_or("the stack has no tags")?;
    let text = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(tags.iter().map(|tag| format!("{}={}", text(tag, "Key"), text(tag, "Value"))).collect())
}

/// A file with the stack's own template.
fn template(deployed: &Deployed, tools: &Tools) -> Result<String> {
    let mut get = tools.aws();
    get.args(["cloudformation", "get-template", "--stack-name", STACK, "--output", "json"]);
    let got: Value = serde_json::from_str(&run(&mut deployed.surround(get))?.0)?;
    let body = got.get("TemplateBody").and_then(Value::as_str).ok_or("the stack has no template")?;
    let file = deployed.file("template.yaml");
    fs::write(&file, body)?;
    Ok(file.display().to_string())
}
