//! Bodies that run on after their call was closed.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::call::Call;
use crate::sync::lock_leaf;

static OVERRUNS: Mutex<Overruns> = Mutex::new(Overruns { running: BTreeMap::new(), ever: 0 });

struct Overruns {
    /// How many bodies of each function and call site run on.
    running: BTreeMap<Call, usize>,
    ever: u64,
}

/// A body of `call` runs on.
pub(crate) fn began(call: Call) {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.ever += 1;
    *overruns.running.entry(call).or_default() += 1;
}

/// A body of `call` that ran on has ended.
pub(crate) fn ended(call: Call) {
    let mut overruns = lock_leaf(&OVERRUNS);
    if let Some(count) = overruns.running.get_mut(&call) {
        *count -= 1;
        if *count == 0 {
            overruns.running.remove(&call);
        }
    }
}

/// Which run on now, with how many bodies each, and how many ever did.
pub(super) fn read() -> (Vec<(Call, usize)>, u64) {
    let overruns = lock_leaf(&OVERRUNS);
    (overruns.running.iter().map(|(call, count)| (*call, *count)).collect(), overruns.ever)
}
