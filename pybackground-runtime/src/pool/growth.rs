//! How many slots there should be: a pure decision at each look of the monitor.
//!
//! A thread that blocks in a join gives up its slot itself. One that blocks otherwise (sleep, I/O, a
//! lock) keeps its slot, and only the system knows that it does not compute. In this file, *blocked*
//! threads are these. If fewer active threads compute than there are workers, processors are idle
//! while calls are queued. Then slots are added for each thread that *stays blocked*: an earlier
//! look has found it blocked in the same body. This doubles the threads at every second look, and quadruples them
//! once many stay blocked and none computes, so thousands of bodies that sleep have a thread within two dozen
//! looks. A computing body blocks for a moment if the holder of a lock that it needs is preempted. So if no thread
//! stays blocked, only one slot is added. If more threads compute than there are workers, slots are withdrawn, and
//! threads sleep as their bodies end.

use std::time::{Duration, Instant};

use super::counts::Counts;
use super::thread_state::IS_REPORTED;
use crate::sync::IS_MODEL;

/// The time between the first two looks: within it, a body that blocks has begun to do so. After each look the next
/// pause is longer by half, up to `PAUSE`: bodies that block get their threads in the first milliseconds, and a look at
/// many threads takes longer. If the system does not say which threads block, the first pause is `PAUSE`.
const FIRST_PAUSE: Duration = if IS_REPORTED { Duration::from_micros(100) } else { PAUSE };
/// The time between two looks while calls are queued. Each look that changes nothing doubles it, up to
/// the longest: while all bodies compute, a look only takes time from them.
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(8);

/// How long the monitor waits before its first look. Meanwhile a body may end, and its thread takes the queued call. A look
/// at many threads takes longer than this. In a model, time stands still.
pub(super) const BEFORE_FIRST_LOOK: Duration =
    if IS_MODEL { Duration::ZERO } else { Duration::from_micros(20) };

/// If at least `MANY_BLOCKED` threads stay blocked and none computes, each of them adds so many slots. Otherwise each adds
/// one: a few threads may be blocked because the holder of a lock is preempted, and the holder counts as computing.
/// Where the system reports no thread states, each adds one as well.
const SLOTS_PER_BLOCKED: usize = if IS_REPORTED { 3 } else { 1 };
const MANY_BLOCKED: usize = 32;

/// How long no call may start before one more slot is risked: a body may spin for what only a queued call
/// brings. Each time doubles it, up to the longest, so that bodies that compute for long do not multiply
/// threads.
const FIRST_PATIENCE: Duration = Duration::from_millis(100);
const LONGEST_PATIENCE: Duration = Duration::from_millis(3200);

/// What the monitor sees at every look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) now: Instant,
    /// Calls in the queues.
    pub(super) waiting: usize,
    pub(super) counts: Counts,
    /// The configured number of workers.
    pub(super) workers: usize,
    /// The most slots that there may be.
    pub(super) max_threads: usize,
}

/// What the monitor sees when it asks what the threads do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Survey {
    /// How many bodies were ever started.
    pub(super) starts: u64,
    /// `None` if the system could not be asked.
    pub(super) blocked: Option<Share>,
}

/// The shares of active threads that block, as found by a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) blocked: usize,
    /// Those that stay blocked.
    pub(super) stay: usize,
    pub(super) sampled: usize,
}

/// The same in numbers of threads.
#[derive(Clone, Copy, Default)]
struct Blocked {
    all: usize,
    stay: usize,
}

impl Share {
    /// The smaller of two shares.
    pub(super) fn min(self, other: Self) -> Self {
        let (one, other) = (self.times(other.sampled), other.times(self.sampled));
        let (blocked, stay) = (one.blocked.min(other.blocked), one.stay.min(other.stay));
        Self { blocked, stay, sampled: one.sampled }
    }

    /// The same share, of a larger sample.
    fn times(self, factor: usize) -> Self {
        let Self { blocked, stay, sampled } = self;
        Self { blocked: factor * blocked, stay: factor * stay, sampled: factor * sampled }
    }

    fn of(self, active: usize) -> Blocked {
        let of = |part: usize| (active * part).div_ceil(self.sampled.max(1));
        Blocked { all: of(self.blocked), stay: of(self.stay) }
    }
}

/// The number of slots until the next look, and the time until that look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) slots: usize,
    pub(super) pause: Duration,
}

/// What the decision remembers from one look to the next.
#[derive(Debug)]
pub(super) struct Growth {
    starts: u64,
    /// Since when no call has started.
    stalled_since: Option<Instant>,
    patience: Duration,
    /// The pause after a look that changes something.
    step: Duration,
    /// The pause after a look that changes nothing.
    pause: Duration,
    /// Slots added because no call started. They stay while calls are queued: if bodies that compute
    /// without an end have all other slots, only these serve the queue.
    risked: usize,
    /// How many of them were added at the last stall.
    last_risked: usize,
}

impl Growth {
    pub(super) fn new() -> Self {
        Self {
            starts: 0,
            stalled_since: None,
            patience: FIRST_PATIENCE,
            step: FIRST_PAUSE,
            pause: FIRST_PAUSE,
            risked: 0,
            last_risked: 0,
        }
    }

    /// No call is queued: starts anew.
    pub(super) fn calm(&mut self) {
        *self = Self::new();
    }

    /// Decides how many slots there should be from now on. Makes a survey only if the result depends on it.
    pub(super) fn plan(&mut self, reading: &Reading, survey: impl FnOnce() -> Survey) -> Plan {
        let Counts { active, slots, .. } = reading.counts;
        if active < slots {
            // Threads are still on their way, or there may be no more of them.
            return Plan { slots, pause: self.next_step() };
        }
        let wanted = self.wanted_slots(reading, survey()).min(reading.max_threads);
        let step = self.next_step();
        let pause = if wanted == slots { self.pause } else { step };
        self.pause = LONGEST_PAUSE.min(2 * pause);
        Plan { slots: wanted, pause }
    }

    /// Returns the pause after a look that changes something, and makes the next one longer.
    fn next_step(&mut self) -> Duration {
        let step = self.step;
        self.step = PAUSE.min(3 * step / 2);
        step
    }

    fn wanted_slots(&mut self, reading: &Reading, survey: Survey) -> usize {
        let Counts { active, searching, .. } = reading.counts;
        let blocked = survey.blocked.map_or_else(Blocked::default, |share| share.of(active));
        let computing = active - blocked.all;
        let more = self.slots_to_risk(reading.now, survey);
        if more > 0 {
            self.risked = self.risked.max(computing.saturating_sub(reading.workers)) + more;
        }
        let workers = reading.workers + self.risked;
        if computing < workers {
            // Each searching thread takes one of the calls.
            let left = reading.waiting.saturating_sub(searching);
            let sleep = computing == 0 && blocked.stay >= MANY_BLOCKED;
            let per_blocked = if sleep { SLOTS_PER_BLOCKED } else { 1 };
            let more = match blocked.all {
                0 => workers - computing,
                _ => (per_blocked * blocked.stay).max(1),
            };
            active + left.min(more)
        } else {
            workers + blocked.all
        }
    }

    /// Returns how many slots to add because no call has started for as long as `patience`.
    ///
    /// If the system could not be asked, each stall in a row adds one more slot than the last: bodies that
    /// compute rarely stall for long, and a thousand that block have a thread within five seconds.
    fn slots_to_risk(&mut self, now: Instant, survey: Survey) -> usize {
        let since = *self.stalled_since.get_or_insert(now);
        if survey.starts != self.starts {
            // The start of a call on a slot that was just added does not show that other bodies end.
            if survey.starts > self.starts + self.last_risked as u64 {
                self.patience = FIRST_PATIENCE;
                self.last_risked = 0;
            }
            self.starts = survey.starts;
            self.stalled_since = Some(now);
            return 0;
        }
        if now.duration_since(since) < self.patience {
            return 0;
        }
        self.stalled_since = Some(now);
        if survey.blocked.is_some() {
            self.patience = LONGEST_PATIENCE.min(2 * self.patience);
            self.last_risked = 1;
        } else {
            self.last_risked += 1;
        }
        self.last_risked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Share = Share { blocked: 16, stay: 16, sampled: 16 };
    const ALL_FOR_AN_INSTANT: Share = Share { blocked: 16, stay: 0, sampled: 16 };
    const NONE: Share = Share { blocked: 0, stay: 0, sampled: 16 };

    fn reading(active: usize, waiting: usize) -> Reading {
        let counts = Counts { searching: 0, active, slots: active };
        Reading { now: Instant::now(), waiting, counts, workers: 2, max_threads: 12_000 }
    }

    /// The slots for `active` threads with a slot each, of which `blocked` block.
    fn slots(growth: &mut Growth, active: usize, waiting: usize, blocked: Share) -> usize {
        growth
            .plan(&reading(active, waiting), || Survey { starts: 0, blocked: Some(blocked) })
            .slots
    }

    /// The same after a time, when so many bodies have been started.
    fn slots_at(
        growth: &mut Growth,
        now: Instant,
        active: usize,
        starts: u64,
        blocked: Share,
    ) -> usize {
        let reading = Reading { now, ..reading(active, 50) };
        growth.plan(&reading, || Survey { starts, blocked: Some(blocked) }).slots
    }

    #[test]
    fn blocked_bodies_double_the_threads_and_quadruple_them_once_they_are_many() {
        let mut growth = Growth::new();
        let mut active = 2;
        let mut looks = 0;
        while active < 10_000 {
            active = slots(&mut growth, active, 10_000 - active, ALL);
            looks += 1;
        }
        assert_eq!(active, 10_000);
        assert!(looks <= if IS_REPORTED { 9 } else { 13 }, "{looks} looks");
    }

    #[test]
    fn blocked_bodies_double_the_threads_at_most_while_one_computes() {
        let one_computes = Share { blocked: 15, stay: 15, sampled: 16 };
        let reading = Reading { workers: 8, ..reading(64, 10_000) };
        let survey = || Survey { starts: 0, blocked: Some(one_computes) };
        assert_eq!(Growth::new().plan(&reading, survey).slots, 64 + 60);
    }

    #[test]
    fn bodies_that_block_for_an_instant_bring_one_thread_at_a_look() {
        let mut growth = Growth::new();
        for active in 2..100 {
            assert_eq!(slots(&mut growth, active, 10_000, ALL_FOR_AN_INSTANT), active + 1);
        }
    }

    #[test]
    fn smaller_share_has_the_fewer_of_both() {
        let newest = Share { blocked: 8, stay: 1, sampled: 8 };
        let all = Share { blocked: 12, stay: 12, sampled: 16 };
        let least = newest.min(all);
        assert_eq!((least.of(100).all, least.of(100).stay), (75, 13));
        assert_eq!(least, all.min(newest));
    }

    #[test]
    fn slots_never_exceed_the_threads_that_there_may_be() {
        let bounded = Reading { max_threads: 5, ..reading(4, 100) };
        let plan = Growth::new().plan(&bounded, || Survey { starts: 0, blocked: Some(ALL) });
        assert_eq!(plan.slots, 5);
    }

    #[test]
    fn computing_bodies_are_not_compensated() {
        assert_eq!(slots(&mut Growth::new(), 2, 100, NONE), 2);
    }

    #[test]
    fn no_more_slots_than_calls_wait() {
        assert_eq!(slots(&mut Growth::new(), 100, 3, ALL), 103);
    }

    #[test]
    fn a_call_that_a_thread_searches_for_needs_no_slot() {
        let mut searching = reading(100, 5);
        searching.counts.searching = 2;
        let plan = Growth::new().plan(&searching, || Survey { starts: 0, blocked: Some(ALL) });
        assert_eq!(plan.slots, 103);
    }

    #[test]
    fn one_blocked_of_two_brings_one_more() {
        let half = Share { blocked: 1, stay: 1, sampled: 2 };
        assert_eq!(slots(&mut Growth::new(), 2, 100, half), 3);
    }

    #[test]
    fn slots_are_withdrawn_when_too_many_compute() {
        let tenth = Share { blocked: 1, stay: 1, sampled: 10 };
        assert_eq!(slots(&mut Growth::new(), 100, 50, tenth), 12);
    }

    #[test]
    fn threads_on_their_way_are_waited_for_without_asking() {
        let mut starting = reading(20, 100);
        starting.counts.slots = 40;
        let plan = Growth::new().plan(&starting, || panic!("nothing is to be asked"));
        assert_eq!(plan, Plan { slots: 40, pause: FIRST_PAUSE });
    }

    /// The pauses after looks at two threads, each of which finds such a share of them blocked.
    fn pauses<const LOOKS: usize>(growth: &mut Growth, found: [Share; LOOKS]) -> [Duration; LOOKS] {
        found.map(|share| {
            let survey = || Survey { starts: 0, blocked: Some(share) };
            growth.plan(&reading(2, 50), survey).pause
        })
    }

    #[test]
    fn looks_that_change_nothing_become_fewer_until_something_blocks() {
        let mut growth = Growth::new();
        let first = pauses(&mut growth, [NONE; 3]);
        assert_eq!(first, [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]);
        pauses(&mut growth, [NONE; 4]);
        assert_eq!(pauses(&mut growth, [NONE; 2]), [LONGEST_PAUSE; 2]);
        assert_eq!(pauses(&mut growth, [ALL, NONE, NONE]), [PAUSE, 2 * PAUSE, 4 * PAUSE]);
    }

    /// At the bound on all threads there are free slots for as long as the threads are blocked in joins.
    #[test]
    fn looks_at_slots_without_threads_become_fewer() {
        let mut growth = Growth::new();
        let mut starting = reading(20, 100);
        starting.counts.slots = 40;
        let mut pause = || growth.plan(&starting, || panic!("nothing is to be asked")).pause;
        assert_eq!([(); 10].map(|()| pause())[9], PAUSE);
    }

    #[test]
    fn first_looks_follow_each_other_quickly_while_bodies_block() {
        let mut growth = Growth::new();
        let sixteen_threads = pauses(&mut growth, [ALL; 5]);
        if IS_REPORTED {
            assert!(sixteen_threads.iter().sum::<Duration>() < 2 * PAUSE);
        }
        pauses(&mut growth, [ALL; 2]);
        assert_eq!(pauses(&mut growth, [ALL]), [PAUSE], "later looks leave time to the bodies");
        growth.calm();
        assert_eq!(pauses(&mut growth, [ALL]), [FIRST_PAUSE]);
    }

    #[test]
    fn a_stall_brings_one_thread_at_a_time_and_ever_more_slowly() {
        let mut growth = Growth::new();
        let start = Instant::now();
        let mut active = 2;
        for milliseconds in 0..10_000 {
            let now = start + Duration::from_millis(milliseconds);
            active = slots_at(&mut growth, now, active, active as u64, NONE).max(active);
        }
        assert!((7..=10).contains(&active), "{active} threads after ten seconds");
    }

    /// The threads after so much time without a start but those on slots that were risked, where the
    /// system tells nothing.
    fn threads_unseen(seconds: u64) -> usize {
        let mut growth = Growth::new();
        let start = Instant::now();
        let mut active = 2;
        for milliseconds in 0..1_000 * seconds {
            let now = start + Duration::from_millis(milliseconds);
            let reading = Reading { now, ..reading(active, 5_000) };
            let survey = || Survey { starts: active as u64, blocked: None };
            active = growth.plan(&reading, survey).slots;
        }
        active
    }

    #[test]
    fn unseen_threads_become_more_ever_faster_while_nothing_moves() {
        assert!((30..80).contains(&threads_unseen(1)), "{}", threads_unseen(1));
        assert!(threads_unseen(5) > 1_000, "{}", threads_unseen(5));
    }

    #[test]
    fn unseen_threads_stay_few_while_bodies_end() {
        let mut growth = Growth::new();
        let start = Instant::now();
        for step in 0..1_000 {
            let now = start + Duration::from_millis(50 * step);
            let reading = Reading { now, ..reading(2, 50) };
            let plan = growth.plan(&reading, || Survey { starts: 2 * step, blocked: None });
            assert_eq!(plan.slots, 2);
        }
    }

    #[test]
    fn a_slot_that_was_risked_stays_while_calls_wait() {
        let mut growth = Growth::new();
        let start = Instant::now();
        let later = start + 2 * FIRST_PATIENCE;
        slots_at(&mut growth, start, 4, 0, NONE);
        assert_eq!(slots_at(&mut growth, later, 4, 0, NONE), 5);
        assert_eq!(slots_at(&mut growth, later, 5, 1, NONE), 5);
        // Four compute on two workers; the fifth thread, on the slot that was risked, blocks.
        let fifth = Share { blocked: 1, stay: 1, sampled: 5 };
        assert_eq!(slots_at(&mut growth, later, 5, 1, fifth), 6);
        growth.calm();
        assert_eq!(slots_at(&mut growth, later, 4, 1, NONE), 2);
    }

    #[test]
    fn progress_is_not_a_stall() {
        let mut growth = Growth::new();
        let start = Instant::now();
        for step in 0..1_000 {
            let now = start + Duration::from_millis(50 * step);
            assert_eq!(slots_at(&mut growth, now, 2, 2 * step, NONE), 2);
        }
    }
}
