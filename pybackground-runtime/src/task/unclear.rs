//! The roots of searches for rings whose answer was uncertain, until a search is certain.
//!
//! The monitor keeps the time, and a thread of the pool searches. The pause before the next search of a root doubles each time,
//! so a body that stays suspended for a day costs two dozen searches at most.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::deadline::Deadline;
use crate::runnable::{Runnable, TimedWork};
use crate::runtime;
use crate::sync::{lock_leaf, now};
use crate::table::Table;
use crate::waits::RingRoot;

/// A reference that hides a ring for a moment is gone by then. Most bodies are resumed sooner, and need no search.
pub(super) const SOON: Duration = Duration::from_millis(10);
/// A long chain that is not part of a ring has mostly changed by then.
pub(super) const LATER: Duration = Duration::from_secs(3);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Searches take one part in so many of the time of a thread. A chain of a hundred thousand calls takes a tenth of a second.
const SHARE: u32 = 10;
const LONGEST_REST: Duration = Duration::from_secs(10);

/// Begins some searches. Each of them tells whether its answer is uncertain.
pub(super) type Searches = fn() -> Box<dyn FnMut(&RingRoot) -> bool>;

static ROOTS: Mutex<Roots> = Mutex::new(Roots::new());

/// A root, and when to search from there again.
struct Noted {
    root: RingRoot,
    pause: Duration,
    due: Instant,
}

struct Roots {
    noted: Table<Noted>,
    /// Of the next search.
    timer: Option<Arc<Deadline>>,
    least_pause: Duration,
}

impl Noted {
    fn new(root: RingRoot, pause: Duration, now: Instant) -> Self {
        Self { root, pause, due: now + pause }
    }

    /// The answer was uncertain again.
    fn later(self, now: Instant) -> Self {
        Self::new(self.root, LONGEST_PAUSE.min(2 * self.pause), now)
    }
}

impl Roots {
    const fn new() -> Self {
        Self { noted: Table::new(), timer: None, least_pause: Duration::ZERO }
    }

    /// Notes a root whose search was uncertain just now. Returns when it is due.
    fn add(&mut self, root: RingRoot, pause: Duration, now: Instant) -> Instant {
        let pause = pause.max(self.least_pause);
        self.noted.insert(root.id(), Noted::new(root, pause, now));
        now + pause
    }

    /// The searches from all roots that were due have taken this time.
    fn have_taken(&mut self, time: Duration) {
        self.least_pause = LONGEST_REST.min(SHARE * time);
    }

    /// Takes the roots that are due. There is no timer then.
    fn take_due(&mut self, now: Instant) -> Vec<Noted> {
        self.timer = None;
        let due = self.noted.values().filter(|noted| noted.due <= now);
        let due: Vec<_> = due.map(|noted| noted.root.id()).collect();
        due.into_iter().filter_map(|id| self.noted.remove(id)).collect()
    }

    /// Puts back a root. If its call or thread was noted anew meanwhile, that stands.
    fn put_back(&mut self, noted: Noted) {
        if !self.noted.contains(noted.root.id()) {
            self.noted.insert(noted.root.id(), noted);
        }
    }

    /// When the first root is due.
    fn next(&self) -> Option<Instant> {
        self.noted.values().map(|noted| noted.due).min()
    }

    /// Returns a timer for `due` that the caller starts; `None` if there is one that comes as soon.
    #[must_use]
    fn timer_for(&mut self, due: Instant, now: Instant) -> Option<Arc<Deadline>> {
        if self.timer.as_ref().is_some_and(|timer| timer.at() <= due) {
            return None;
        }
        let timer = Deadline::from_now(due.saturating_duration_since(now)).map(Arc::new)?;
        if let Some(later) = self.timer.replace(timer.clone()) {
            later.end();
        }
        Some(timer)
    }
}

/// Notes a root of which a search was uncertain. The `searches` follow after a pause.
pub(super) fn add(root: RingRoot, pause: Duration, searches: Searches) {
    // After a shutdown no body is suspended.
    if runtime::is_closed() {
        return;
    }
    let now = now();
    let timer = {
        let mut roots = lock_leaf(&ROOTS);
        let due = roots.add(root, pause, now);
        roots.timer_for(due, now)
    };
    start(timer, searches);
}

/// Forgets all roots, because no body is suspended any more.
pub(crate) fn forget() {
    let Roots { noted, timer, .. } = std::mem::replace(&mut *lock_leaf(&ROOTS), Roots::new());
    drop(noted);
    if let Some(timer) = timer {
        timer.end();
    }
}

fn start(timer: Option<Arc<Deadline>>, searches: Searches) {
    static AGAIN: OnceLock<Arc<Again>> = OnceLock::new();

    if let Some(timer) = timer {
        let again: Arc<dyn Runnable> = AGAIN.get_or_init(|| Arc::new(Again(searches))).clone();
        runtime::keep_deadline(timer, Arc::downgrade(&again));
    }
}

/// Searches from the roots that are due.
struct Again(Searches);

impl TimedWork for Again {
    fn act(&self) {
        let begun = now();
        let due = lock_leaf(&ROOTS).take_due(begun);
        let mut is_unclear = (self.0)();
        let unclear: Vec<_> = due.into_iter().filter(|noted| is_unclear(&noted.root)).collect();
        let timer = {
            let (mut roots, now) = (lock_leaf(&ROOTS), now());
            roots.have_taken(now.saturating_duration_since(begun));
            for noted in unclear {
                roots.put_back(noted.later(now));
            }
            roots.next().and_then(|due| roots.timer_for(due, now))
        };
        start(timer, self.0);
        // A shutdown that has forgotten the roots while this thread had some is seen here.
        if runtime::is_closed() {
            forget();
        }
    }
}

#[cfg(all(test, not(any(pybackground_loom, pybackground_shuttle))))]
mod tests {
    use super::*;

    fn due(roots: &mut Roots, now: Instant) -> Vec<usize> {
        let thread = |noted: Noted| match noted.root {
            RingRoot::Thread(thread) => thread,
            RingRoot::Call(_) => panic!("there are threads only"),
        };
        roots.take_due(now).into_iter().map(thread).collect()
    }

    #[test]
    fn roots_are_due_after_ever_longer_pauses() {
        let (mut roots, start) = (Roots::new(), Instant::now());
        roots.add(RingRoot::Thread(1), SOON, start);
        let mut now = start;
        for doubled in 0..10 {
            let before = now;
            now = roots.next().unwrap();
            assert_eq!(now - before, SOON * (1 << doubled));
            let [noted] = <[Noted; 1]>::try_from(roots.take_due(now)).ok().unwrap();
            roots.put_back(noted.later(now));
        }
        let mut noted = Noted::new(RingRoot::Thread(1), LONGEST_PAUSE, now);
        noted = noted.later(now);
        assert_eq!(noted.pause, LONGEST_PAUSE);
    }

    #[test]
    fn only_roots_that_are_due_are_taken() {
        let (mut roots, start) = (Roots::new(), Instant::now());
        roots.add(RingRoot::Thread(1), SOON, start);
        roots.add(RingRoot::Thread(2), SOON, start + SOON);
        assert!(due(&mut roots, start).is_empty());
        assert_eq!(due(&mut roots, start + SOON), [1]);
        assert_eq!(due(&mut roots, start + 2 * SOON), [2]);
        assert_eq!(roots.next(), None);
    }

    #[test]
    fn root_that_is_noted_during_its_search_is_due_soon() {
        let (mut roots, start) = (Roots::new(), Instant::now());
        roots.add(RingRoot::Thread(1), SOON, start);
        let now = start + SOON;
        let taken = roots.take_due(now).pop().unwrap();
        roots.add(RingRoot::Thread(1), SOON, now);
        roots.put_back(taken.later(now));
        assert_eq!(roots.next(), Some(now + SOON));
    }

    #[test]
    fn roots_are_due_later_after_searches_that_took_long() {
        let (mut roots, start) = (Roots::new(), Instant::now());
        let mut pause_after = |time| {
            roots.have_taken(time);
            roots.add(RingRoot::Thread(1), SOON, start) - start
        };
        assert_eq!(pause_after(Duration::ZERO), SOON);
        assert_eq!(pause_after(2 * SOON), 20 * SOON);
        assert_eq!(pause_after(LONGEST_PAUSE), LONGEST_REST);
        assert_eq!(pause_after(Duration::ZERO), SOON);
    }

    #[test]
    fn there_is_one_timer_and_it_is_for_the_first() {
        let (mut roots, start) = (Roots::new(), Instant::now());
        let late = roots.timer_for(start + 1000 * SOON, start).unwrap();
        assert!(roots.timer_for(start + 2000 * SOON, start).is_none());
        let soon = roots.timer_for(start + SOON, start).unwrap();
        assert!(late.is_over() && !soon.is_over());
    }
}
