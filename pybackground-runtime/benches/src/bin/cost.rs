//! One operation, many times, for an instruction counter to look at: see `cost/measure.sh`.
//!
//! The counter collects only inside the functions named `measured`, each of which runs on one thread.
//! The pool has one thread, which is held by a body, so that nobody else takes part.

fn main() {}
