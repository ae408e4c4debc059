//! Limits: of functions that call themselves, and of what the server may store.

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

#[background(remote)]
fn echo(number: u32) -> u32 {
    number
}

/// What the server gives to the account that the calls use.
const ACCOUNT: &str = "PYBACKGROUND_TEST_ACCOUNT";

/// Runs a test in a process for each of these limits of an account.
fn with_accounts(test: &str, limits: &[&str], run: impl FnOnce(Server)) {
    let _watchdog = watchdog();
    let Ok(limits_here) = std::env::var(ACCOUNT) else {
        if common::nats::server_path().is_some() {
            for limits in limits {
                child::succeeds(child::command(test).env(ACCOUNT, limits));
            }
        }
        return;
    };
    let account = format!(
        "no_auth_user: u
        accounts {{ A {{ users: [{{ user: u, password: p }}], jetstream {{ max_mem: 1MB, {limits_here} }} }} }}"
    );
    let server = Server::start_with(&account).unwrap();
    remote().url(server.url()).install().unwrap();
    run(server);
}

#[test]
fn account_with_little_room_is_enough() {
    let limits = [
        "max_file: 30MB",
        "max_file: 2GB, disk_max_stream_bytes: 30MB",
        "max_file: 60MB, max_bytes_required: true",
    ];
    with_accounts("account_with_little_room_is_enough", &limits, |server| {
        let _worker = server.worker();
        assert_eq!(echo(1), 1);
    });
}

#[test]
fn account_without_room_says_how_much_is_needed() {
    with_accounts("account_without_room_says_how_much_is_needed", &["max_file: 1MB"], |_server| {
        let error = Lazy::join(echo(1)).unwrap_err();
        assert!(error.is_unreachable(), "{error}");
        assert!(
            error.to_string().contains("8 MiB") && error.to_string().contains("`max_file`"),
            "{error}"
        );
    });
}
