//! The machine, and how busy it was with something else.

use std::env::consts::ARCH;
use std::fs;
use std::thread;

/// Cores, processor and kernel.
pub(crate) fn described() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let about = read("/proc/cpuinfo");
    let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or(ARCH, |(_, model)| model.trim());
    format!("{cores} cores, {model}, Linux {}", read("/proc/sys/kernel/osrelease").trim())
}

/// The load of the last 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Ticks of all cores until now.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ticks {
    all: u64,
    stolen: u64,
    busy: u64,
    /// Those of this program and of the processes it has ended.
    own: u64,
}

impl Ticks {
    pub(crate) fn now() -> Self {
        let stat = read("/proc/stat");
        // user, nice, system, idle, iowait, irq, softirq, steal
        let cores = numbers(stat.lines().next().unwrap_or_default(), 8);
        let [idle, waiting, stolen] = [3, 4, 7].map(|index| cores.get(index).copied().unwrap_or(0));
        let all = cores.iter().sum();
        let stat = read("/proc/self/stat");
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        // The 14th to 17th of proc_pid_stat(5): user and system time of this process and of those it has waited for.
        let own = after_name.split(' ').skip(11).take(4).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Self { all, stolen, busy: all - idle - waiting - stolen, own }
    }

    /// What others took of all cores since `before`, in percent: other processes, and other machines on the same host.
    pub(crate) fn taken_by_others(self, before: Self) -> [f64; 2] {
        let all = (self.all - before.all).max(1) as f64;
        let processes = (self.busy - before.busy).saturating_sub(self.own - before.own);
        [processes as f64 / all * 100.0, (self.stolen - before.stolen) as f64 / all * 100.0]
    }
}

fn numbers(line: &str, most: usize) -> Vec<u64> {
    line.split_whitespace().skip(1).take(most).filter_map(|number| number.parse().ok()).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
