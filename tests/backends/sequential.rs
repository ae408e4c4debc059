//! Bodies where their calls are made.

mod common;
#[macro_use]
mod conformance;

fn ready() -> common::Watchdog {
    static SET: std::sync::Once = std::sync::Once::new();
    SET.call_once(|| pybackground::configure().sequential(true).install().unwrap());
    common::watchdog()
}

conformance! {
    []
    Promises { runs_beside: false, kills: false },
    ready()
}
