//! What is told of each contender.

use std::time::Duration;

use crate::function::Run;
use crate::sign_in::Job;

/// All figures of one contender.
#[derive(Default)]
pub(crate) struct Measured {
    first: Vec<f64>,
    warm: Vec<f64>,
    peak: Vec<f64>,
}

impl Measured {
    /// Adds one life, of which so many sign-ins after the first were for warming up.
    pub(crate) fn add(&mut self, run: &Run, warming_up: usize) {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1e3;
        self.first.push(milliseconds(run.first));
        self.warm.extend(run.answers.iter().skip(1 + warming_up).map(|answered| milliseconds(answered.took)));
        self.peak.push(run.peak as f64 / 1024.0);
    }
}

/// One row: a name, and the figures or why there are none.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) job: Job,
    pub(crate) figures: Result<Figures, String>,
}

/// First sign-in, warm median and warm p99 in milliseconds, peak memory in MiB, zip in KiB.
pub(crate) type Figures = [f64; 5];

/// The figures of a contender whose zip has so many bytes.
pub(crate) fn figures(measured: Measured, zip: u64) -> Figures {
    let Measured { first, mut warm, peak } = measured;
    let p99 = percentile(&mut warm, 0.99);
    let zip = zip as f64 / 1024.0;
    [median(first), percentile(&mut warm, 0.5), p99, median(peak), zip]
}

fn median(mut values: Vec<f64>) -> f64 {
    percentile(&mut values, 0.5)
}

/// The smallest value that so large a part of all values does not exceed.
fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * part).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
