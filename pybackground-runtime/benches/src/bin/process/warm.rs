//! Many calls of a process that waits, one after the other.

use pybackground_benches::harness::Reading;
use pybackground_benches::measure::{once, per_mille};

const WARM_UP: u32 = 100;
const CALLS: u32 = 3000;

/// The median of the times that `call` takes, and what one in a hundred exceeds.
pub(crate) fn distribution(call: impl Fn(u32)) -> Reading {
    (0..WARM_UP).for_each(&call);
    let mut times: Vec<f64> = (0..CALLS).map(|n| once(|| call(n))).collect();
    times.sort_by(f64::total_cmp);
    Reading { figure: per_mille(&times, 500), extras: vec![per_mille(&times, 990)] }
}
