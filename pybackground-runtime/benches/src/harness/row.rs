//! What is measured and what is to be reached.

use crate::work::Pace;

use super::unit::Unit;

/// One piece of work, done by several contenders.
#[derive(Debug)]
pub struct Row {
    /// What selects it on the command line.
    pub key: &'static str,
    /// What it is, in words.
    pub title: &'static str,
    /// The unit of its figure.
    pub unit: Unit,
    /// What else a sample tells.
    pub extras: &'static [Extra],
    /// What a figure's ratio is the ratio to.
    pub against: Against,
    /// What pybackground is to reach.
    pub bars: &'static [Bar],
    /// Who does it.
    pub contenders: &'static [Contender],
}

/// Something that a sample tells besides its figure.
#[derive(Debug)]
pub struct Extra {
    /// What it is.
    pub label: &'static str,
    /// Its unit.
    pub unit: Unit,
}

/// What a figure is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Against {
    /// The best of the peers.
    BestPeer,
    /// The contender of that name.
    Contender(&'static str),
    /// Nothing: a ratio would mean nothing either.
    Nothing,
    /// The contender before, for contenders that are the same work in growing sizes.
    Before,
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// The ratio to what the row compares with is at most this.
    Ratio(f64),
    /// The figure is at most this.
    Figure(f64),
    /// The extra of that index is at most this.
    ExtraAtMost(usize, f64),
    /// The extra of that index is at least this.
    ExtraAtLeast(usize, f64),
}

/// One way of doing a row's work.
#[derive(Debug)]
pub struct Contender {
    /// What the table calls it.
    pub name: &'static str,
    /// Its part in the comparison.
    pub kind: Kind,
    /// How a sample of it is taken.
    pub run: Run,
}

/// A contender's part in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// pybackground: the bars are for it.
    Ours,
    /// A crate or a part of std that a user would pick instead.
    Peer,
    /// Something to set the figures in proportion: no competitor for the best peer.
    Reference,
}

/// How a sample is taken.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// By this function.
    Here(fn(Pace) -> Reading),
    /// By `scripts/goroutines.go`, given this argument.
    Go(&'static str),
    /// By `scripts/thread_per_call.py`, given this argument.
    Python(&'static str),
    /// By `scripts/pebble_pool.py`, given this argument.
    Pebble(&'static str),
}

/// What a sample tells: the figure (times in nanoseconds) and the extras.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The row's figure; the lower the better.
    pub figure: f64,
    /// In the order of the row's extras.
    pub extras: Vec<f64>,
}

impl From<f64> for Reading {
    fn from(figure: f64) -> Self {
        Self { figure, extras: Vec::new() }
    }
}

/// pybackground as a contender.
#[must_use]
pub const fn ours(name: &'static str, run: fn(Pace) -> Reading) -> Contender {
    Contender { name, kind: Kind::Ours, run: Run::Here(run) }
}

/// A peer as a contender.
#[must_use]
pub const fn peer(name: &'static str, run: fn(Pace) -> Reading) -> Contender {
    Contender { name, kind: Kind::Peer, run: Run::Here(run) }
}

/// Something to set the figures in proportion.
#[must_use]
pub const fn reference(name: &'static str, run: Run) -> Contender {
    Contender { name, kind: Kind::Reference, run }
}
