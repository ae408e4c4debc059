//! A hint, in debug builds, at calls that run one after the other because they are operands of one expression.
//!
//! In `f(1) + f(2) + f(3)` the first `+` waits for two values before the program comes to `f(3)`. The hint is given
//! where the order of the waits leaves no other explanation:
//!
//! 1. A thread waited for a call, at the place of an operator or of a method.
//! 2. It then made one call, and no other.
//! 3. It waits for that call at the same place. The call is written behind the first one, and behind all that were made
//!    before the first wait.
//! 4. The place is on the line of the first call that was made for the chain, and not behind it.
//! 5. Both waits were long.
//!
//! An operator's place is where its left operand begins. So the two waits are of one chain of operators, and what is on
//! the left of the second has no name that the second call could use: its argument cannot depend on the first value.
//! A function that waits for what it is given, such as one that prints it, is a place for waits of all its callers, but
//! is written elsewhere: a format is a line of this crate.
//! A loop comes back to a call that was made before, and never gets a hint: of `t += f(i)` and `x += step(x)` only the
//! first could be written in another way, and the waits of both are alike.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::report;
use crate::call::Call;
use crate::site::CallSite;
use crate::stderr::OneReport;

/// A wait that is worth a hint.
const LONG: Duration = Duration::from_millis(20);

static HINT: OneReport = OneReport::new();

thread_local! {
    static SEEN: Cell<RecentCalls> = const { Cell::new(RecentCalls { last: None, made: None }) };
}

/// What a thread did last, as far as the hint needs it.
#[derive(Clone, Copy)]
struct RecentCalls {
    last: Option<Waited>,
    /// The calls that were made after the last wait.
    made: Option<Made>,
}

/// A long wait.
#[derive(Clone, Copy)]
struct Waited {
    place: CallSite,
    call: Call,
    /// The call that was made first, of those of the chain.
    first: CallSite,
    /// The call that is written last, of those that were made before.
    furthest: CallSite,
}

#[derive(Clone, Copy)]
struct Made {
    first: CallSite,
    furthest: CallSite,
    is_one: bool,
}

/// Whether `right` is written behind `left`.
fn is_behind(left: CallSite, right: CallSite) -> bool {
    left.file() == right.file() && (left.line(), left.column()) < (right.line(), right.column())
}

/// Whether `left` is on the line of `right`, and not behind it.
fn is_beside(left: CallSite, right: CallSite) -> bool {
    left.file() == right.file() && left.line() == right.line() && left.column() <= right.column()
}

impl RecentCalls {
    fn make(&mut self, site: CallSite) {
        self.made = Some(match self.made {
            None => Made { first: site, furthest: site, is_one: true },
            Some(Made { first, furthest, .. }) => {
                let furthest = if is_behind(site, furthest) { furthest } else { site };
                Made { first, furthest, is_one: false }
            }
        });
    }

    /// Returns the call that delayed the one which is waited for at `place`.
    fn delayed_by(&self, place: CallSite, call: Call) -> Option<Call> {
        let (last, made) = (self.last?, self.made?);
        let is_chain = last.place == place
            && made.is_one
            && made.first == call.site()
            && is_beside(place, last.first)
            && !is_behind(last.call.site(), place)
            && is_behind(last.call.site(), call.site())
            && is_behind(last.furthest, call.site());
        is_chain.then_some(last.call)
    }

    fn wait(&mut self, place: CallSite, call: Call, is_long: bool) {
        let made = self.made.take();
        // What is waited for is of the same chain, unless the thread has come back to a call.
        let same = self.last.filter(|last| {
            last.place == place && made.is_none_or(|made| is_behind(last.furthest, made.first))
        });
        let first = same.map(|last| last.first).or(made.map(|made| made.first));
        let furthest = made.map(|made| made.furthest).or(same.map(|last| last.furthest));
        self.last = match (is_long, first.zip(furthest)) {
            (true, Some((first, furthest))) => Some(Waited { place, call, first, furthest }),
            // Of two calls that were made before, the second may have ended with the first.
            (false, Some((_, furthest))) => same.map(|last| Waited { furthest, ..last }),
            (_, None) => None,
        };
    }
}

/// This thread makes a call.
pub(super) fn made(site: CallSite) {
    let _ = SEEN.try_with(|seen| {
        let mut now = seen.get();
        now.make(site);
        seen.set(now);
    });
}

/// A wait of this thread, until it is dropped.
pub(super) struct ObservedWait {
    place: CallSite,
    call: Call,
    since: Instant,
    delayed_by: Option<Call>,
}

impl ObservedWait {
    /// This thread waits for `call` at `place`.
    pub(super) fn enter(place: CallSite, call: Call) -> Self {
        let seen = SEEN.try_with(Cell::get);
        let delayed_by = seen.ok().and_then(|seen| seen.delayed_by(place, call));
        Self { place, call, since: Instant::now(), delayed_by }
    }
}

impl Drop for ObservedWait {
    fn drop(&mut self) {
        let Self { place, call, since, delayed_by } = *self;
        let is_long = since.elapsed() >= LONG;
        let _ = SEEN.try_with(|seen| {
            let mut now = seen.get();
            now.wait(place, call, is_long);
            seen.set(now);
        });
        if let Some(first) = delayed_by.filter(|_| is_long) {
            report::give(&HINT, move || hint(first, call));
        }
    }
}

fn hint(first: Call, second: Call) -> String {
    format!(
        "pybackground: hint: {second} was called after {first} had ended, because both are operands of one expression and what is on \
         the left is computed first. To run them at the same time, call both before: `let (a, b) = (.., ..);`. (Debug \
         builds say so once.)\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    /// A line that is written before all of `places`.
    fn above() -> CallSite {
        Location::caller()
    }

    /// The line of the function in the standard library: who calls through a pointer is not known.
    fn in_another_file() -> CallSite {
        let caller: fn() -> CallSite = Location::caller;
        caller()
    }

    /// Places in the order of the text: of a wait and of three calls behind it.
    fn places() -> [CallSite; 4] {
        [Location::caller(), Location::caller(), Location::caller(), Location::caller()]
    }

    fn call(site: CallSite) -> Call {
        Call::new("f", site)
    }

    /// What a thread has seen that made some calls and waited for one of them, for so long.
    fn waited(made: &[CallSite], place: CallSite, first: CallSite, is_long: bool) -> RecentCalls {
        let mut seen = RecentCalls { last: None, made: None };
        for site in made {
            seen.make(site);
        }
        seen.wait(place, call(first), is_long);
        seen
    }

    #[test]
    fn operand_behind_one_that_was_waited_for_is_delayed() {
        let [place, first, second, third] = places();
        let mut seen = waited(&[first], place, first, true);
        seen.make(second);
        assert_eq!(seen.delayed_by(place, call(second)), Some(call(first)));
        // The left operand begins where the expression does. Its neighbour ends at about the same time.
        let mut seen = waited(&[place, second], place, place, true);
        seen.wait(place, call(second), false);
        seen.make(third);
        assert_eq!(seen.delayed_by(place, call(third)), Some(call(place)));
        // The same once more.
        seen.wait(place, call(third), true);
        seen.make(place);
        seen.make(second);
        seen.wait(place, call(place), true);
        seen.make(third);
        assert_eq!(seen.delayed_by(place, call(third)), Some(call(place)));
    }

    #[test]
    fn loop_is_left_alone() {
        let [place, first, second, _] = places();
        // The same call again, one that is written before, and one that was made before the wait.
        let loops: [(&[CallSite], CallSite, CallSite); 3] = [
            (&[first], first, first),
            (&[second], second, first),
            (&[first, second], first, second),
        ];
        for (made, last, next) in loops {
            let mut seen = waited(made, place, last, true);
            seen.make(next);
            assert_eq!(seen.delayed_by(place, call(next)), None);
        }
    }

    #[test]
    fn other_places_and_other_calls_are_left_alone() {
        let [place, first, second, third] = places();
        let mut seen = waited(&[first], place, first, true);
        assert_eq!(seen.delayed_by(place, call(second)), None, "it was made before");
        seen.make(second);
        assert_eq!(seen.delayed_by(first, call(second)), None, "it is another operator");
        assert_eq!(seen.delayed_by(place, call(third)), None, "it was not made just now");
        seen.make(second);
        assert_eq!(seen.delayed_by(place, call(second)), None, "there were two calls");
        let mut seen = waited(&[first], second, first, true);
        seen.make(third);
        assert_eq!(seen.delayed_by(second, call(third)), None, "the first is a variable");
        let mut seen = waited(&[first], place, first, false);
        seen.make(second);
        assert_eq!(seen.delayed_by(place, call(second)), None, "nothing was delayed");
        for place in [above(), in_another_file()] {
            let mut seen = waited(&[first], place, first, true);
            seen.make(second);
            assert_eq!(seen.delayed_by(place, call(second)), None, "a function waits for both");
        }
    }
}
