//! Functions with a limit that call themselves.

mod common;

use common::nats::Server;
use common::{child, watchdog};
use pybackground::{Lazy, background, remote};

/// Returns how deep it got before a call of it was refused as a deadlock.
#[background(remote, limit = 2)]
fn deeper(depth: u32) -> Result<u32, String> {
    match Lazy::join(deeper(depth + 1)) {
        Ok(depth) => depth,
        Err(error) if error.is_deadlock() => Ok(depth),
        Err(error) => Err(error.to_string()),
    }
}

/// The same by way of a function without a limit.
#[background(remote, limit = 1)]
fn there(words: u32) -> Result<String, String> {
    Lazy::into_inner(back(words))
}

#[background(remote)]
fn back(words: u32) -> Result<String, String> {
    match Lazy::join(there(words)) {
        Ok(_) => Err("the limit was exceeded".to_owned()),
        Err(error) if error.is_deadlock() => Ok(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn call_within_as_many_bodies_as_the_limit_allows_is_a_deadlock() {
    const TEST: &str = "call_within_as_many_bodies_as_the_limit_allows_is_a_deadlock";
    let _watchdog = watchdog();
    if !child::is_child() {
        if common::nats::server_path().is_some() {
            child::succeeds(&mut child::command(TEST));
        }
        return;
    }
    let server = Server::start().unwrap();
    remote().url(server.url()).install().unwrap();
    let _worker = server.worker();
    assert_eq!(Lazy::into_inner(deeper(0)), Ok(1), "the second body has the last permit");
    let said = Lazy::into_inner(there(1)).unwrap();
    assert!(said.contains("limits::there") && said.contains("a `limit` of 1"), "{said}");
}
