//! A cluster of three servers, each with a copy of all calls and results.

mod common;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use common::nats::Server;
use common::{child, watchdog};
use pybackground::{Lazy, background, remote};

#[background(remote)]
fn noted(file: PathBuf, number: u32) -> u32 {
    let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
    // In one piece: other processes write, too.
    file.write_all(format!("{number}\n").as_bytes()).unwrap();
    number
}

/// How often bodies of these numbers have started.
fn started(file: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut numbers: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
#[ignore = "elections take long on a busy machine: `bash .ci/long faults`"]
fn cluster_goes_on_without_one_of_its_servers() {
    const TEST: &str = "cluster_goes_on_without_one_of_its_servers";
    const CALLS: u32 = 60;
    let _watchdog = watchdog();
    if !child::is_child() {
        if common::nats::server_path().is_some() {
            child::succeeds(child::command(TEST).arg("--include-ignored"));
        }
        return;
    }
    let mut servers = Server::start_cluster::<3>().unwrap();
    let urls = servers.each_ref().map(Server::url).join(",");
    remote().url(&*urls).replicas(3).install().unwrap();
    let file = std::env::temp_dir().join(format!("pybackground-cluster-{}", std::process::id()));
    let variables = [("PYBACKGROUND_WORKER", &*urls), ("PYBACKGROUND_REMOTE_REPLICAS", "3")];
    let _worker = servers[0].worker_with(&variables);
    for (round, server) in (0..).zip(&mut servers) {
        // Each in its turn: one of them leads the others, and this program is connected to one.
        let calls: Vec<Lazy<u32>> = (round * CALLS..(round + 1) * CALLS)
            .map(|number| noted(file.clone(), number))
            .collect();
        server.kill();
        for (number, call) in (round * CALLS..).zip(calls) {
            assert_eq!(call, number);
        }
        server.restart();
        server.wait_until_healthy();
    }
    let all: Vec<u32> = (0..3 * CALLS).collect();
    assert_eq!(started(&file), all, "a body did not start once");
    let _ = std::fs::remove_file(file);
}

#[test]
fn address_that_does_not_answer_is_passed_over() {
    const TEST: &str = "address_that_does_not_answer_is_passed_over";
    let _watchdog = watchdog();
    if !child::is_child() {
        if common::nats::server_path().is_some() {
            child::succeeds(&mut child::command(TEST));
        }
        return;
    }
    let server = Server::start().unwrap();
    remote().url(format!("nats://127.0.0.1:1, {}", server.url())).install().unwrap();
    let _worker = server.worker();
    let file = std::env::temp_dir().join(format!("pybackground-passed-{}", std::process::id()));
    assert_eq!(noted(file.clone(), 7), 7);
    let _ = std::fs::remove_file(file);
}
