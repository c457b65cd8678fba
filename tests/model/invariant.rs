//! What has to hold after every run of a program, by the names under which a failure is told.

use std::fmt;

/// One of the thirteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invariant {
    /// After a deploy without faults there is one server, ONLINE and as configured, and one complete stack.
    I1,
    /// Never more servers than runs at once, and one in the end. Two runs that share no lease, since their configurations
    /// name different buckets for the function's code, may each leave one where they do not end well; a person then keeps
    /// one, as the deployer says.
    I2,
    /// Nothing of others is ever changed.
    I3,
    /// The second deploy changes nothing.
    I4,
    /// Status and plan change nothing.
    I5,
    /// Teardown leaves nothing that is billed, and may be repeated.
    I6,
    /// Whatever call a run was killed at, one more run puts it right, or says what a person has to do first. Runs that share
    /// no lease are not killed: two killed ones may leave two servers, and the next run's hint hides one of them.
    I7,
    /// Success is told only where it is true, and a failure never ends with 0.
    I8,
    /// One server is made for one wish: again only after a refusal, or where the first call surely came to nothing.
    I9,
    /// Calls and time are bounded, and a storm of throttling ends no run.
    I10,
    /// No secret is in any output, log or request.
    I11,
    /// No server refers to a stack that is gone.
    I12,
    /// The size of pages and the order of lists make no difference.
    I13,
}

/// How many there are.
pub(crate) const INVARIANTS: usize = 13;

impl Invariant {
    pub(crate) const ALL: [Self; INVARIANTS] = [
        Self::I1,
        Self::I2,
        Self::I3,
        Self::I4,
        Self::I5,
        Self::I6,
        Self::I7,
        Self::I8,
        Self::I9,
        Self::I10,
        Self::I11,
        Self::I12,
        Self::I13,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::I1 => "one server as configured on one complete stack",
            Self::I2 => "never more servers than runs at once",
            Self::I3 => "nothing of others is changed",
            Self::I4 => "the second deploy changes nothing",
            Self::I5 => "looking changes nothing",
            Self::I6 => "teardown leaves nothing",
            Self::I7 => "one more run puts it right",
            Self::I8 => "what is told is true",
            Self::I9 => "one server for one wish",
            Self::I10 => "bounded calls and time",
            Self::I11 => "no secret is told",
            Self::I12 => "no server refers to a stack that is gone",
            Self::I13 => "pages and order make no difference",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?} ({})", self.text())
    }
}

/// How often each was compared with what is there, where it could have been broken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Compared([usize; INVARIANTS]);

impl Compared {
    /// Notes that it was compared, and names it where it does not hold.
    pub(crate) fn hold(&mut self, invariant: Invariant, result: Result<(), String>) -> Result<(), String> {
        self.hold_if(true, invariant, result)
    }

    /// The same, noted only where there was something by which it could have been broken. A breach is always told.
    pub(crate) fn hold_if(
        &mut self,
        could_break: bool,
        invariant: Invariant,
        result: Result<(), String>,
    ) -> Result<(), String> {
        let place = Invariant::ALL.iter().position(|other| *other == invariant).unwrap_or_default();
        self.0[place] += usize::from(could_break);
        result.map_err(|why| format!("{invariant}: {why}"))
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }

    /// Those that were never compared.
    pub(crate) fn missing(&self) -> Vec<Invariant> {
        Invariant::ALL.into_iter().zip(self.0).filter(|(_, many)| *many == 0).map(|(which, _)| which).collect()
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<String> =
            Invariant::ALL.into_iter().zip(self.0).map(|(which, many)| format!("{which:?} {many}")).collect();
        formatter.write_str(&rows.join(", "))
    }
}
