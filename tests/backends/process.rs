//! Bodies in child processes.

mod common;
#[macro_use]
mod conformance;

conformance! {
    [process,]
    Promises { runs_beside: true, kills: true },
    common::watchdog()
}

isolation! { [process,] common::watchdog() }
