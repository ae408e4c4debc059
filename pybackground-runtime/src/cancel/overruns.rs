//! Bodies that run although their call was closed, for reports.

use std::sync::Mutex;

use crate::call::Call;
use crate::call_counts::CallCounts;
use crate::sync::lock_leaf;

static OVERRUNS: Mutex<Overruns> = Mutex::new(Overruns { running: CallCounts::new(), ever: 0 });

struct Overruns {
    /// The number of running bodies of each call.
    running: CallCounts,
    ever: u64,
}

/// A body that is counted until this is dropped.
pub(crate) struct Overrun(Call);

impl Overrun {
    pub(crate) fn new(call: Call) -> Self {
        let mut overruns = lock_leaf(&OVERRUNS);
        overruns.ever += 1;
        overruns.running.add(call);
        Self(call)
    }
}

impl Drop for Overrun {
    fn drop(&mut self) {
        lock_leaf(&OVERRUNS).running.remove(self.0);
    }
}

/// Returns the calls with overrunning bodies, each with their number, and how many bodies ever overran.
pub(crate) fn read() -> (Vec<(Call, usize)>, u64) {
    let overruns = lock_leaf(&OVERRUNS);
    (overruns.running.as_slice().to_vec(), overruns.ever)
}
