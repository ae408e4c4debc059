//! Models of the runtime for loom and shuttle: small programs, which a checker runs in many interleavings of
//! their threads. `README.md` in this folder says how, and which faults each of them catches.
//!
//! | file | subject |
//! |---|---|
//! | `pool` | the whole runtime: no thread sleeps while a call is queued and a slot is free |
//! | `task` | one call: claims, deadlines, refusals, waiters |
//! | `awaiting` | a `Lazy` that is polled while its call ends |
//! | `lazy` | several threads that wait through one `Lazy` |
//! | `combine` | several calls: the first of them, inputs |
//! | `waits` | cycles of waits, of which exactly one fails; bodies that are cancelled while they wait |
//! | `limit` | permits acquired, lent and released |
//! | `locks` | locks that pass from thread to thread; cycles of locks and joins |
//! | `scope` | the end of a scope against its last closure |
//! | `monitor`, `idle` | the handshakes of the monitor and of the sleepers (children of those modules) |
//! | `shutdown` | waiting until all is done, and the end of the runtime (a child of that module) |

mod awaiting;
mod combine;
mod lazy;
mod limit;
mod locks;
mod pool;
mod scope;
mod task;
mod waits;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
#[cfg(pybackground_shuttle)]
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::cancel;
use crate::deadline::Deadline;
#[cfg(pybackground_shuttle)]
use crate::sync::chaos;
use crate::sync::{begin, checker, over};
use crate::task::Job;

/// Checks every interleaving of the program with at most `LOOM_MAX_PREEMPTIONS` preemptions, by default two.
#[cfg(pybackground_loom)]
pub(crate) fn check(program: impl Fn() + Send + Sync + 'static) {
    check_preempting(2, program);
}

/// As `check`, with one preemption, for a program that has too many interleavings with two.
#[cfg(pybackground_loom)]
pub(crate) fn check_calmly(program: impl Fn() + Send + Sync + 'static) {
    check_preempting(1, program);
}

#[cfg(pybackground_loom)]
fn check_preempting(times: usize, program: impl Fn() + Send + Sync + 'static) {
    let mut builder = checker::model::Builder::new();
    builder.preemption_bound.get_or_insert(times);
    builder.max_branches = 10_000;
    builder.check(move || execution(&program));
}

/// Shuttle samples, so the size of the program does not matter.
#[cfg(pybackground_shuttle)]
pub(crate) use check as check_calmly;

/// Checks `PYBACKGROUND_MODEL_RUNS` random interleavings of the program, by default 2,000, and as many by
/// probabilistic concurrency testing (Burckhardt et al., 2010), which makes few preemptions.
#[cfg(pybackground_shuttle)]
pub(crate) fn check(program: impl Fn() + Send + Sync + 'static) {
    let runs = std::env::var("PYBACKGROUND_MODEL_RUNS")
        .map_or(2_000, |runs| runs.parse().expect("PYBACKGROUND_MODEL_RUNS is a number"));
    let program = Arc::new(program);
    let again = program.clone();
    checker::check_random(move || execution(&*again), runs);
    checker::check_pct(move || execution(&*program), runs, 3);
}

fn execution(program: &impl Fn()) {
    begin();
    cancel::forget_shutdown();
    program();
    over();
}

/// Gives the call a deadline unless it has ended, and returns its time. The clock of a model stands still, so
/// the deadline passes only for code that is given this time.
pub(crate) fn set_deadline(job: &dyn Job) -> Instant {
    let deadline = Deadline::from_now(Duration::from_secs(1)).expect("a second more can be told");
    let passes = deadline.at();
    job.bring_forward(Arc::new(deadline));
    passes
}

/// Counts events, out of the checker's sight.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<AtomicUsize>);

impl Tally {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn subtract(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A future that counts its polls, and is woken by another thread after each but the last.
#[cfg(pybackground_shuttle)]
pub(crate) fn polled(times: usize, polls: &Tally) -> impl Future<Output = ()> + Send + use<> {
    let polls = polls.clone();
    std::future::poll_fn(move |context: &mut Context<'_>| {
        polls.add();
        chaos();
        if polls.get() == times {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        checker::thread::spawn(move || {
            chaos();
            waker.wake();
        });
        Poll::Pending
    })
}
