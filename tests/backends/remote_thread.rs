//! Bodies with `remote` on threads, for debugging.

mod common;
#[macro_use]
mod conformance;

fn ready() -> common::Watchdog {
    static SET: std::sync::Once = std::sync::Once::new();
    SET.call_once(|| pybackground::remote().url("thread:").install().unwrap());
    common::watchdog()
}

conformance! {
    [remote,]
    Promises { runs_beside: true, kills: false },
    ready()
}
