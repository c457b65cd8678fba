//! Lambda: runs the zip's `bootstrap` as a child process over the Lambda Runtime API.
//!
//! Each process has a Runtime API of its own, a listener on loopback, so that it is always known which process has which
//! event. Processes are kept warm and serve one event at a time. They are in process groups of their own, which are killed
//! with what they started; one that outlives a killed sandbox loses its Runtime API, at which a runtime ends by itself, and is
//! ended at the next start otherwise (`orphans`).

mod code;
mod environment;
mod log;
mod orphans;
mod permission;
mod runtime_api;
mod worker;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::resources::Resource;
use crate::state::World;
use worker::Worker;

/// Processes of one function at a time, unless the function reserves a number.
const PROCESSES: u64 = 8;
/// How often functions that are gone or changed are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// The functions that are kept warm, by name.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    pools: Mutex<HashMap<String, Arc<Pool>>>,
}

/// The processes of one function.
#[derive(Debug)]
struct Pool {
    idle: Mutex<Vec<Worker>>,
    permits: Semaphore,
    concurrency: u64,
}

/// Who calls a function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invoker<'a> {
    /// Such as `apigateway.amazonaws.com`.
    pub(crate) service: &'a str,
    /// On whose behalf, such as the ARN of an API's method.
    pub(crate) source_arn: &'a str,
}

/// Why a function gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FunctionError {
    /// There is no such function.
    #[error("Function not found: {0}")]
    Absent(String),
    /// No AWS::Lambda::Permission lets this caller in.
    #[error("{0} is not authorized to perform: lambda:InvokeFunction")]
    Denied(String),
    /// The code cannot be run.
    #[error("{0}")]
    Code(String),
    /// The process ended.
    #[error("Runtime exited {0}")]
    Crashed(String),
    /// The process took too long.
    #[error("Task timed out after {0}.00 seconds")]
    TimedOut(u64),
    /// The function says that it failed.
    #[error("the function failed: {0}")]
    Reported(String),
}

impl FunctionError {
    /// Whether the function was never asked.
    pub(crate) fn is_configuration(&self) -> bool {
        match self {
            Self::Absent(_) | Self::Denied(_) => true,
            Self::Code(_) | Self::Crashed(_) | Self::TimedOut(_) | Self::Reported(_) => false,
        }
    }
}

/// What is to be run: all that makes one process unlike another.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    name: String,
    arn: String,
    role: String,
    timeout: u64,
    memory: u64,
    log_group: String,
    variables: Value,
    region: String,
    code: PathBuf,
}

/// Sends an event to a function and gives its answer.
pub(crate) async fn invoke(
    world: &Arc<World>,
    arn: &str,
    invoker: &Invoker<'_>,
    event: Bytes,
) -> Result<Bytes, FunctionError> {
    let function = world.read(|state| {
        let function = find(&state.resources, arn).ok_or_else(|| FunctionError::Absent(arn.to_owned()))?;
        if !permission::allows(&state.resources, function, invoker) {
            return Err(FunctionError::Denied(invoker.service.to_owned()));
        }
        Ok(function.clone())
    })?;
    let pool = pool(world, &function);
    let wanted = wanted(world, &function).await;
    let wanted = wanted.inspect_err(|error| log::note(world, &function, &error.to_string()))?;
    // A pool's semaphore is never closed.
    let _permit = pool.permits.acquire().await;
    let mut worker = match pool.take(&wanted) {
        Some(worker) => worker,
        None => {
            let started = worker::start(world, &wanted).await;
            started.inspect_err(|error| log::note(world, &function, &error.to_string()))?
        }
    };
    let answer = worker.handle(world, event).await;
    match &answer {
        Ok(_) | Err(FunctionError::Reported(_)) => pool.lock().push(worker),
        Err(_) => drop(worker),
    }
    answer
}

/// The function with this ARN or name.
fn find<'a>(resources: &'a crate::resources::Resources, arn: &str) -> Option<&'a Resource> {
    let mut functions = resources.of_kind("AWS::Lambda::Function");
    functions.find(|function| function.attribute("Arn") == Some(arn) || function.physical_id == arn)
}

async fn wanted(world: &Arc<World>, function: &Resource) -> Result<Wanted, FunctionError> {
    let text = |path: &[&str]| function.text(path).unwrap_or_default().to_owned();
    let name = function.physical_id.clone();
    let arn = function.attribute("Arn").unwrap_or_default().to_owned();
    let code = code::unpacked(world, &name, &text(&["Code", "S3Bucket"]), &text(&["Code", "S3Key"])).await?;
    Ok(Wanted {
        role: text(&["Role"]),
        timeout: function.number(&["Timeout"]).unwrap_or(3),
        memory: function.number(&["MemorySize"]).unwrap_or(128),
        log_group: log::group(function),
        variables: function.property(&["Environment", "Variables"]).cloned().unwrap_or_default(),
        region: arn.split(':').nth(3).unwrap_or_default().to_owned(),
        name,
        arn,
        code,
    })
}

fn pool(world: &Arc<World>, function: &Resource) -> Arc<Pool> {
    let concurrency = function.number(&["ReservedConcurrentExecutions"]).unwrap_or(PROCESSES).clamp(1, PROCESSES * 4);
    let mut pools = world.functions.lock();
    if pools.is_empty() {
        tokio::spawn(sweep(Arc::downgrade(world)));
    }
    let known = pools.get(&function.physical_id).filter(|pool| pool.concurrency == concurrency);
    if let Some(known) = known {
        return Arc::clone(known);
    }
    let permits = Semaphore::new(usize::try_from(concurrency).unwrap_or(1));
    let pool = Arc::new(Pool { idle: Mutex::default(), permits, concurrency });
    pools.insert(function.physical_id.clone(), Arc::clone(&pool));
    pool
}

/// Ends the processes of functions that are gone. Ends with the last of them.
async fn sweep(world: Weak<World>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(world) = world.upgrade() else { return };
        let mut pools = world.functions.lock();
        world.read(|state| pools.retain(|name, _| state.resources.find("AWS::Lambda::Function", name).is_some()));
        if pools.is_empty() {
            return;
        }
    }
}

impl Functions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Pool>>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The warm process that was used last. Those that have ended, or run what is not wanted any more, are dropped.
    fn take(&self, wanted: &Wanted) -> Option<Worker> {
        let mut idle = self.lock();
        while let Some(mut worker) = idle.pop() {
            if worker.is_alive() && worker.runs(wanted) {
                return Some(worker);
            }
        }
        None
    }
}

/// Ends every child.
pub(crate) async fn stop(world: &World) {
    let pools: Vec<Arc<Pool>> = world.functions.lock().drain().map(|(_, pool)| pool).collect();
    for pool in pools {
        let idle: Vec<Worker> = pool.lock().drain(..).collect();
        for worker in idle {
            worker.end().await;
        }
    }
}

/// Ends what an earlier sandbox in this folder left running when it was killed.
pub(crate) fn end_orphans(folder: &std::path::Path) {
    orphans::end(folder);
}

#[cfg(test)]
#[path = "function/tests.rs"]
mod tests;
