//! Bodies with `remote` in a program that has no server.

mod common;
#[macro_use]
mod conformance;

fn ready() -> common::Watchdog {
    static SET: std::sync::Once = std::sync::Once::new();
    SET.call_once(|| pybackground::remote().url("local:").install().unwrap());
    common::watchdog()
}

conformance! {
    [remote,]
    Promises { runs_beside: true, kills: true },
    ready()
}

isolation! { [remote,] ready() }
