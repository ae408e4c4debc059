//! Bodies that run although their call was closed, for reports.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::call::Call;
use crate::sync::lock_leaf;

static OVERRUNS: Mutex<Overruns> = Mutex::new(Overruns { running: BTreeMap::new(), ever: 0 });

struct Overruns {
    /// The number of running bodies of each call.
    running: BTreeMap<Call, usize>,
    ever: u64,
}

/// A body that is counted until this is dropped.
pub(crate) struct Overrun(Call);

impl Overrun {
    pub(crate) fn new(call: Call) -> Self {
        let mut overruns = lock_leaf(&OVERRUNS);
        overruns.ever += 1;
        *overruns.running.entry(call).or_insert(0) += 1;
        Self(call)
    }
}

impl Drop for Overrun {
    fn drop(&mut self) {
        let mut overruns = lock_leaf(&OVERRUNS);
        if let Some(bodies) = overruns.running.get_mut(&self.0) {
            *bodies -= 1;
            if *bodies == 0 {
                overruns.running.remove(&self.0);
            }
        }
    }
}

/// Returns the calls with overrunning bodies, each with their number, and how many bodies ever overran.
pub(crate) fn read() -> (Vec<(Call, usize)>, u64) {
    let overruns = lock_leaf(&OVERRUNS);
    (overruns.running.iter().map(|(call, bodies)| (*call, *bodies)).collect(), overruns.ever)
}
