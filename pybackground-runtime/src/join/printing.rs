//! A wait of a thread that holds the lock of a standard stream, for a body that prints.
//!
//! A format waits under that lock, and so may a thread that keeps a handle such as `io::stdout().lock()`. The lock does
//! not tell its holder, so a thread that has waited for long looks for the deadlock: see [`stdio_lock`]. It looks only
//! if nothing but the end of a call ends its wait, and unless it formats, only if it runs no body.

use std::cell::Cell;
use std::panic::Location;
use std::sync::{Mutex, Weak};
use std::time::{Duration, Instant};

use super::standstill::others_at_standstill;
use crate::call::Call;
use crate::os_thread::{self, Observation, OsThread, Threads};
use crate::stderr::{self, OneReport};
use crate::stdio_lock::{self, Stream};
use crate::sync::{lock_leaf, now, thread_local};
use crate::wait_target::WaitTarget;
use crate::waits::Behind;
use crate::{runtime, stacks};

/// When a formatter looks, and how long it waits between two looks.
const FIRST_OF_FORMAT: Duration = Duration::from_millis(300);
const FURTHER_OF_FORMAT: Duration = Duration::from_secs(1);

/// When another thread looks, from where the time between two looks doubles up to the rarest.
const FIRST: Duration = Duration::from_secs(1);
const RAREST: Duration = Duration::from_secs(60);

/// How much longer than a look the time is until the next thread that is no formatter looks, up to the rarest.
const SHARE: u32 = 20;

thread_local! {
    static PRINTING: Cell<usize> = const { Cell::new(0) };
}

/// A formatter of this thread waits for a value until this is dropped.
pub(crate) struct Printing;

/// See [`Printing`].
pub(crate) fn printing() -> Printing {
    let _ = PRINTING.try_with(|count| count.set(count.get() + 1));
    Printing
}

impl Drop for Printing {
    fn drop(&mut self) {
        let _ = PRINTING.try_with(|count| count.set(count.get() - 1));
    }
}

/// The looks of one wait.
pub(super) struct Looks {
    next: Option<Instant>,
    pause: Duration,
    done: u32,
    is_format: bool,
    watch: Option<Box<FormatterWatch>>,
}

/// What a formatter remembers from one look to the next.
#[derive(Default)]
struct FormatterWatch {
    behind: Stillness<Observation>,
    all: Stillness<(OsThread, Observation)>,
}

/// What a thread has found.
pub(super) struct FoundLock {
    /// The stream whose lock the thread holds. `None` means that every other thread is blocked for good.
    pub(super) stream: Option<&'static str>,
    /// Whether a formatter waits.
    pub(super) is_format: bool,
}

/// What keeps a body from its end.
#[derive(Clone, Copy)]
enum InTheWay {
    Stream(Stream),
    /// No other thread of the process can go on.
    Standstill,
}

impl Looks {
    pub(super) fn new(looks: bool) -> Self {
        // A formatter below on this thread's stack.
        let is_format = PRINTING.try_with(Cell::get).unwrap_or(0) > 0;
        let first = if is_format { FIRST_OF_FORMAT } else { FIRST };
        // A look may block, and a body may have to stop meanwhile.
        let looks = looks && (is_format || stacks::current().is_none());
        Self { next: looks.then(|| now() + first), pause: first, done: 0, is_format, watch: None }
    }

    /// When the next look is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Looks whether none of the `calls`, any of which ends the wait for `call`, can end before this thread releases the lock of a
    /// stream.
    #[cold]
    pub(super) fn look(&mut self, call: Call, calls: &[Weak<dyn WaitTarget>]) -> Option<FoundLock> {
        self.done += 1;
        let find = || stream_in_the_way(calls).map(InTheWay::Stream);
        let found =
            if self.is_format { self.look_in_format(call, calls) } else { look_in_turn(find) };
        self.plan_next();
        let stream = |found| match found {
            InTheWay::Stream(stream) => Some(stream.name()),
            InTheWay::Standstill => None,
        };
        found.map(|found| FoundLock { stream: stream(found), is_format: self.is_format })
    }

    /// As `look`, for the end of the scope at `site`, which waits for each of the `calls`. The wait cannot fail, so this only
    /// reports that it will never end.
    #[cold]
    pub(super) fn look_at_scope(
        &mut self,
        calls: &[Weak<dyn WaitTarget>],
        site: &'static Location<'static>,
    ) {
        let find = || {
            let in_the_way = |call: &Weak<dyn WaitTarget>| {
                let stream = stream_in_the_way(std::slice::from_ref(call))?;
                Some((call.upgrade()?.call(), stream))
            };
            calls.iter().find_map(in_the_way)
        };
        let found = look_in_turn(find);
        self.plan_next();
        if let Some((call, stream)) = found {
            let report = stderr::report(move || {
                Some(format!(
                    "pybackground: the scope at {site} will never end: its thread holds the lock of {}, and its closure \
                     {call} prints, or waits for a call that prints, which needs that lock; release the lock before the \
                     scope ends\n",
                    stream.name()
                ))
            });
            if report.is_some() {
                self.next = None;
            }
        }
    }

    fn plan_next(&mut self) {
        let longer = RAREST.min(self.pause.saturating_mul(2));
        self.pause = if self.is_format { FURTHER_OF_FORMAT } else { longer };
        self.next = Some(now() + self.pause);
    }

    fn look_in_format(&mut self, call: Call, calls: &[Weak<dyn WaitTarget>]) -> Option<InTheWay> {
        if !os_thread::is_known() {
            if self.done > 1 {
                warn_once(
                    call,
                    "and the system does not say what its body is blocked in. If the body prints too,",
                );
            }
            return None;
        }
        if let Some(stream) = stream_in_the_way(calls) {
            return Some(InTheWay::Stream(stream));
        }
        let watch = self.watch.get_or_insert_default();
        let is_stuck = watch.behind.lasts(|| blocked_behind(calls));
        if watch.all.lasts(others_at_standstill) && is_stuck {
            return Some(InTheWay::Standstill);
        }
        if is_stuck && is_test_program() {
            warn_once(
                call,
                "whose body is blocked in a lock or channel. A test captures what it prints, under a lock. If the \
                 body prints too,",
            );
        }
        None
    }
}

/// Looks if no other thread has looked recently: thousands may wait, and each look reads of all threads.
fn look_in_turn<T>(find: impl FnOnce() -> Option<T>) -> Option<T> {
    let begin = take_turn()?;
    let found = find();
    end_turn(begin);
    found
}

/// When any thread that is no formatter looks next.
static NEXT: Mutex<Option<Instant>> = Mutex::new(None);

/// Returns the time if no other thread looks or has looked recently.
fn take_turn() -> Option<Instant> {
    let begin = now();
    let mut next = lock_leaf(&NEXT);
    if next.is_some_and(|next| begin < next) {
        return None;
    }
    *next = Some(begin + RAREST);
    Some(begin)
}

fn end_turn(begin: Instant) {
    let end = now();
    let rest = end.saturating_duration_since(begin).saturating_mul(SHARE);
    *lock_leaf(&NEXT) = Some(end + RAREST.min(rest));
}

/// The stream whose lock this thread holds, and without which none of the calls can end.
fn stream_in_the_way(calls: &[Weak<dyn WaitTarget>]) -> Option<Stream> {
    let look_behind = || -> Vec<Behind> {
        calls.iter().map(|call| runtime::waits().behind(call.clone())).collect()
    };
    let behind = look_behind();
    if calls.is_empty()
        || behind.iter().any(|behind| behind.threads.is_empty() && !behind.any_worker)
        || !os_thread::is_known()
    {
        return None;
    }
    let threads = Threads::read();
    let named = |thread: &usize| os_thread_of(*thread, &threads);
    let each: Vec<Vec<OsThread>> = behind
        .iter()
        .map(|behind| behind.threads.iter().filter_map(named).filter(|t| t.is_stuck()).collect())
        .collect();
    // A queued call can end as soon as one of the workers does.
    let busy = behind.iter().any(|behind| behind.any_worker).then(busy_workers).flatten();
    let workers: Option<Vec<OsThread>> =
        busy.as_ref().and_then(|busy| busy.iter().map(named).collect());
    let may_be_stuck =
        |at: usize| !each[at].is_empty() || (behind[at].any_worker && busy.is_some());
    if !(0..calls.len()).all(may_be_stuck) {
        return None;
    }
    let stream = stdio_lock::held_here_and_awaited_by(|is_waiter| {
        let mut waiters = Vec::new();
        for (behind, threads) in behind.iter().zip(&each) {
            if let Some(thread) = threads.iter().find(|thread| is_waiter(**thread)) {
                waiters.push(*thread);
            } else if behind.any_worker && workers.iter().flatten().all(|thread| is_waiter(*thread))
            {
                waiters.extend(workers.as_ref()?);
            } else {
                return None;
            }
        }
        Some(waiters)
    })?;
    // As many workers as there may be were blocked all the time, so none took a queued call.
    let are_busy = busy.is_none() || busy_workers() == busy;
    // A thread may have ended a call after it was found behind it, and be blocked by a body that nobody waits for. All
    // that is still behind the calls now that the threads have not moved keeps them from ending.
    (are_busy && look_behind() == behind).then_some(stream)
}

/// The workers that run bodies and do not wait for calls, if calls are queued and there can be no more such workers.
fn busy_workers() -> Option<Vec<usize>> {
    let pool = runtime::global().pool();
    let mut busy = stacks::stacks();
    busy.retain(|stack| {
        let is_worker = pool.config().hooks().is_name(&stack.thread);
        is_worker && !runtime::waits().is_waiting(stack.number)
    });
    let busy: Vec<usize> = busy.into_iter().map(|stack| stack.number).collect();
    (pool.is_starved() && busy.len() >= pool.config().max_threads()).then_some(busy)
}

/// Says what may be wrong where it is not certain.
fn warn_once(call: Call, why: &'static str) {
    static WARNING: OneReport = OneReport::new();

    WARNING.give(move || {
        format!(
            "pybackground: a format waits for {call}, {why} neither ends: write `println!(\"{{}}\", *x)` instead of \
             `println!(\"{{x}}\")`, which waits before it prints\n"
        )
    });
}

/// What the threads behind the calls are blocked in, if each is blocked in a lock or a channel, without a time limit.
fn blocked_behind(calls: &[Weak<dyn WaitTarget>]) -> Option<Vec<Observation>> {
    let threads = Threads::read();
    let observe = |thread: usize| {
        let seen = os_thread_of(thread, &threads)?.observe()?;
        seen.blocked_in.is_endless_futex().then_some(seen)
    };
    let behind = calls.iter().flat_map(|call| runtime::waits().behind(call.clone()).threads);
    behind.map(observe).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

/// The thread of the system that has this number here.
fn os_thread_of(number: usize, threads: &Threads) -> Option<OsThread> {
    let stack = stacks::stack_of(number)?;
    runtime::os_thread(threads, &stack.thread, stack.base)
}

/// How long threads have not moved.
///
/// In a test, the lock may be that of the text that the harness captures. Nothing tells which thread holds that one. So the
/// threads behind a format are watched, for a line that says what may be wrong. All threads are watched, for an error: if
/// none of them can go on, it does not matter which holds what.
struct Stillness<T> {
    seen: Option<Vec<T>>,
    looks: u32,
}

impl<T> Default for Stillness<T> {
    fn default() -> Self {
        Self { seen: None, looks: 0 }
    }
}

impl<T: PartialEq> Stillness<T> {
    /// So many equal looks in a row are taken for a hang.
    const LOOKS: u32 = 3;

    /// Takes one more look. Returns whether nothing has moved for long.
    fn lasts(&mut self, look: impl FnOnce() -> Option<Vec<T>>) -> bool {
        let seen = look();
        self.looks = if seen.is_some() && seen == self.seen { self.looks + 1 } else { 1 };
        self.seen = seen;
        self.seen.is_some() && self.looks >= Self::LOOKS
    }
}

/// Whether Cargo built the program to run tests: it keeps these apart from the programs of a user.
fn is_test_program() -> bool {
    let program = std::env::current_exe();
    program.is_ok_and(|path| path.parent().is_some_and(|folder| folder.ends_with("deps")))
}
