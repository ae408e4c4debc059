//! One table: pybackground side by side with what a user would pick instead.

use std::process::ExitCode;

use pybackground_benches::harness::{self, Row};

mod at_once;
mod cpu_bound;
mod dispatch;
mod fib;
mod join_all;
mod scaling;
mod scope;
mod sleepers;
mod sleepers_async;
mod together;

const ROWS: &[Row] = &[
    at_once::ROW,
    join_all::ROW,
    fib::DEFAULT,
    fib::COMPUTE,
    fib::LONG_COMPUTE,
    sleepers::THOUSAND,
    sleepers::FIVE_THOUSAND,
    sleepers_async::ROW,
    together::ROW,
    cpu_bound::ROW,
    dispatch::ROW,
    scope::CLOSURES,
    scope::SMALL,
    scope::IN_A_BODY,
    scope::QUICKSORT,
    scaling::CALLS,
    scaling::NESTING,
    scaling::THREADS,
];

fn main() -> ExitCode {
    harness::main(ROWS, 5)
}
