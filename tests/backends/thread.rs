//! Bodies on threads of the runtime.

mod common;
#[macro_use]
mod conformance;

conformance! {
    []
    Promises { runs_beside: true, kills: false },
    common::watchdog()
}
