//! The minimum effective task granularity: how small a task may be before half of the machine is lost
//! to the runtime. A metric of Slaughter et al., "Task Bench: A Parameterized Benchmark for Evaluating
//! Parallel Runtime Performance", SC 2020.
//!
//! | file | subject |
//! |---|---|
//! | `search` | the metric: tasks are made smaller until two workers reach half of their efficiency |
//! | `bag` | independent tasks, all called from outside |
//! | `tree` | tasks that call two more each and join them |

use std::process::ExitCode;

use pybackground_benches::harness::{self, Row};

mod bag;
mod search;
mod tree;

const ROWS: &[Row] = &[bag::ROW, tree::ROW];

fn main() -> ExitCode {
    harness::main(ROWS, 5)
}
