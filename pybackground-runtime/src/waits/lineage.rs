//! Which waiting bodies are to stop with which others, as data: no threads, no locks, no clock.
//!
//! A body is to stop with the one that made its call, with the maker of that one's call, and so on. For
//! each body that waits, this chain is here from where it first leaves the body's thread; bodies on one
//! thread need no entries, since the upper ones began later. A call that is polled is on a thread of its
//! own, as it were: it outlives what was on top of it. So to stop a body takes as many steps as
//! there are bodies that stop with it, however many others wait.

use std::collections::{BTreeMap, BTreeSet};

use crate::stacks::Frame;

pub(super) struct Lineage {
    /// For a body whose call was made on another thread: by whom.
    links: BTreeMap<Frame, Link>,
    /// The same the other way round: makers and what they made.
    made: BTreeSet<(Frame, Frame)>,
}

struct Link {
    maker: Frame,
    /// Where the chain goes on from the maker's thread.
    next: Option<Frame>,
    /// How many waits and other links lead here.
    holders: usize,
}

impl Lineage {
    pub(super) const fn new() -> Self {
        Self { links: BTreeMap::new(), made: BTreeSet::new() }
    }

    /// A body begins to wait: it, its maker, the maker's maker and so on. Returns what `remove` is to be
    /// told when the wait is over. No further than to what is known is the chain followed.
    pub(super) fn add(&mut self, mut chain: impl Iterator<Item = Frame>) -> Option<Frame> {
        let mut body = chain.next()?;
        let (mut first, mut below) = (None, None);
        for maker in chain {
            if !maker.is_beside(body) {
                match below.and_then(|below| self.links.get_mut(&below)) {
                    Some(link) => link.next = Some(body),
                    None => first = Some(body),
                }
                if let Some(known) = self.links.get_mut(&body) {
                    known.holders += 1;
                    break;
                }
                self.links.insert(body, Link { maker, next: None, holders: 1 });
                self.made.insert((maker, body));
                below = Some(body);
            }
            body = maker;
        }
        first
    }

    /// The wait is over.
    pub(super) fn remove(&mut self, first: Option<Frame>) {
        let mut next = first;
        while let Some(body) = next {
            let Some(link) = self.links.get_mut(&body) else { return };
            link.holders -= 1;
            if link.holders > 0 {
                return;
            }
            self.made.remove(&(link.maker, body));
            next = link.next;
            self.links.remove(&body);
        }
    }

    /// The body of `frame` is to stop: bodies on whose threads are all that wait and stop with it, and
    /// perhaps others that one of these is waiting for.
    pub(super) fn stopping(&self, frame: Frame) -> BTreeSet<Frame> {
        let mut found = BTreeSet::from([frame]);
        let mut next = vec![frame];
        while let Some(body) = next.pop() {
            let above = (body, Frame::NONE)..(body.end_of_thread(), Frame::NONE);
            next.extend(
                self.made.range(above).map(|(_, made)| *made).filter(|made| found.insert(*made)),
            );
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = 100_000;

    fn frame(thread: usize, run: u64) -> Frame {
        Frame::new(thread, run)
    }

    #[test]
    fn a_body_stops_with_the_one_that_made_it_and_with_no_other() {
        let mut lineage = Lineage::new();
        let [maker, child, other] = [0, 1, 2].map(|thread| frame(thread, 5));
        let wait = lineage.add([child, maker].into_iter());
        lineage.add([other].into_iter());
        assert_eq!(lineage.stopping(maker), BTreeSet::from([maker, child]));
        assert_eq!(lineage.stopping(child), BTreeSet::from([child]));
        assert_eq!(lineage.stopping(other), BTreeSet::from([other]));
        lineage.remove(wait);
        assert_eq!(lineage.stopping(maker), BTreeSet::from([maker]));
        assert!(lineage.links.is_empty() && lineage.made.is_empty());
    }

    /// What is in between computes, and so has no wait of its own.
    #[test]
    fn a_body_stops_with_the_first_of_its_line() {
        let mut lineage = Lineage::new();
        let [first, between, last] = [7, 3, 5].map(|thread| frame(thread, 1));
        let wait = lineage.add([last, between, first].into_iter());
        assert_eq!(lineage.stopping(first), BTreeSet::from([first, between, last]));
        lineage.remove(wait);
        assert!(lineage.links.is_empty() && lineage.made.is_empty());
    }

    /// The body in between began to wait and went on, while the last one waits.
    #[test]
    fn a_line_stays_known_for_as_long_as_any_of_it_waits() {
        let mut lineage = Lineage::new();
        let [first, between, last] = [7, 3, 5].map(|thread| frame(thread, 1));
        let short = lineage.add([between, first].into_iter());
        let long = lineage.add([last, between, first].into_iter());
        lineage.remove(short);
        assert!(lineage.stopping(first).contains(&last));
        lineage.remove(long);
        assert!(lineage.links.is_empty() && lineage.made.is_empty());
    }

    /// On the thread of the maker another body, which it waits for, made the call.
    #[test]
    fn a_body_stops_with_those_below_its_maker() {
        let mut lineage = Lineage::new();
        let (lower, upper, child) = (frame(0, 4), frame(0, 9), frame(1, 2));
        lineage.add([child, upper, lower].into_iter());
        assert!(lineage.stopping(lower).contains(&child));
        assert!(!lineage.stopping(frame(0, 10)).contains(&child));
    }

    /// Counted work, as speed is not for tests.
    #[test]
    fn to_stop_many_one_by_one_takes_steps_for_those_that_stop_only() {
        let steps = |lineage: &Lineage, bodies: &mut dyn Iterator<Item = Frame>| {
            bodies.map(|body| lineage.stopping(body).len()).sum::<usize>()
        };
        // All made by one.
        let mut lineage = Lineage::new();
        let maker = frame(0, 0);
        let children = || (1..=MANY).map(|thread| frame(thread, 3));
        for child in children() {
            lineage.add([child, maker].into_iter());
        }
        assert_eq!(steps(&lineage, &mut children()), MANY);
        // Each made by another.
        let mut lineage = Lineage::new();
        let makers = || (0..MANY).map(|thread| frame(thread, 0));
        for (maker, child) in makers().zip((MANY..).map(|thread| frame(thread, 8))) {
            lineage.add([child, maker].into_iter());
        }
        assert_eq!(steps(&lineage, &mut makers()), 2 * MANY);
        // Each made by the one before: what is known is not gone through again.
        let mut lineage = Lineage::new();
        let mut walked = 0;
        for thread in 0..MANY {
            let line = (0..=thread).rev().map(|thread| frame(thread, 0));
            lineage.add(line.inspect(|_| walked += 1));
        }
        assert!(walked <= 3 * MANY, "{walked} steps");
    }
}
