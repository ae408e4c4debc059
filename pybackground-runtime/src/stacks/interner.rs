//! Calls as small numbers.
//!
//! A call does not fit an atomic, a number does. Each thread caches the numbers of its recent calls, so that
//! it takes the lock of the table once for each kind of call.

use std::cell::Cell;
use std::sync::Mutex;

use crate::call::Call;
use crate::sync::lock_leaf;

/// The number of a call: of a function called at a place of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallName(u32);

static TABLE: Mutex<CallTable> = Mutex::new(CallTable { numbers: Vec::new(), calls: Vec::new() });

struct CallTable {
    /// The numbers of the calls, in the order of the calls.
    numbers: Vec<u32>,
    /// At a call's number: the call.
    calls: Vec<Call>,
}

/// The addresses of a call's site and of what names it, which are quick to compare.
pub(crate) type CallKey = (usize, usize);

/// A thread's recent names.
pub(crate) struct RecentNames([Cell<(CallKey, CallName)>; RECENT]);

const RECENT: usize = 32;

impl CallName {
    pub(crate) fn from_number(number: u32) -> Self {
        Self(number)
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }

    fn of(call: Call) -> Self {
        let mut table = lock_leaf(&TABLE);
        let CallTable { numbers, calls } = &mut *table;
        match numbers.binary_search_by(|number| calls[*number as usize].cmp(&call)) {
            Ok(place) => Self(numbers[place]),
            Err(place) => {
                let number =
                    u32::try_from(calls.len()).expect("a program has fewer calls than that");
                calls.push(call);
                numbers.insert(place, number);
                Self(number)
            }
        }
    }

    pub(crate) fn call(self) -> Call {
        lock_leaf(&TABLE).calls[self.0 as usize]
    }
}

impl RecentNames {
    pub(crate) const fn new() -> Self {
        Self([const { Cell::new(((0, 0), CallName(0))) }; RECENT])
    }

    /// Returns the name of the call with that key.
    #[inline]
    pub(crate) fn name(&self, key: CallKey, call: impl FnOnce() -> Call) -> CallName {
        let recent = &self.0[key.0 / align_of::<std::panic::Location<'_>>() % RECENT];
        let (known, name) = recent.get();
        if known == key {
            return name;
        }
        let name = CallName::of(call());
        recent.set((key, name));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    #[test]
    fn name_stands_for_its_call_after_others_were_named() {
        let here = Location::caller();
        let recent = RecentNames::new();
        let calls = ["a", "b", "c"].map(|function| Call::new(function, here));
        for _ in 0..2 {
            for (at, call) in calls.into_iter().enumerate() {
                let name = recent.name((8, at), || call);
                assert_eq!(name.call(), call);
                assert_eq!(recent.name((8, at), || unreachable!("it was named just now")), name);
            }
        }
    }
}
