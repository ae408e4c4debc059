//! Promise 6: random programs of calls that wait for each other in all ways end with their values, however few threads there
//! may be in all. Each test is a process of its own.

mod common;

use std::time::Duration;

use common::chance::Chance;
use common::{child, watchdog};
use pybackground::{Lazy, Shared, as_completed, background, configure, delay, scope, spawn};

const PROGRAMS: u64 = 60;
const LEVELS: u32 = 4;

/// Makes a call at random. Its body makes further calls, down to level 0, and waits for them.
fn call(chance: &mut Chance, levels: u32) -> Lazy<u64> {
    let seed = chance.below(u64::MAX) | 1;
    if levels == 0 {
        return if chance.below(2) == 0 { leaf(seed) } else { async_leaf(seed) };
    }
    match chance.below(5) {
        0 | 1 => awaits(seed, levels),
        2 => in_time(seed, levels),
        3 => one_of_two(seed, levels),
        _ => joins(seed, levels),
    }
}

fn calls(chance: &mut Chance, levels: u32) -> Vec<Lazy<u64>> {
    (0..chance.below(4)).map(|_| call(chance, levels - 1)).collect()
}

#[background]
fn leaf(seed: u64) -> u64 {
    let mut chance = Chance(seed);
    if chance.below(4) == 0 {
        pybackground::sleep(Duration::from_micros(chance.below(2000)));
    }
    1
}

#[background(limit = 2)]
async fn async_leaf(seed: u64) -> u64 {
    let mut chance = Chance(seed);
    if chance.below(2) == 0 {
        delay(Duration::from_micros(chance.below(5000))).await;
    }
    1
}

#[background]
async fn awaits(seed: u64, levels: u32) -> u64 {
    let mut chance = Chance(seed);
    let calls = calls(&mut chance, levels);
    if chance.below(3) == 0 {
        delay(Duration::from_micros(chance.below(3000))).await;
    }
    let mut sum = 1;
    for call in calls {
        sum += call.await;
    }
    sum
}

#[background(timeout = "1000s")]
fn in_time(seed: u64, levels: u32) -> u64 {
    1 + call(&mut Chance(seed), levels - 1)
}

#[background]
fn one_of_two(seed: u64, levels: u32) -> u64 {
    let mut chance = Chance(seed);
    let cancelled = call(&mut chance, levels - 1);
    Lazy::cancel(&cancelled);
    // It may have ended before.
    let _ = Lazy::join(cancelled);
    1 + Lazy::into_inner(Lazy::map(call(&mut chance, levels - 1), |value| value))
}

#[background]
fn joins(seed: u64, levels: u32) -> u64 {
    let mut chance = Chance(seed);
    let calls = calls(&mut chance, levels);
    let sum: u64 = match chance.below(4) {
        0 => as_completed(calls).map(|(_, value)| value.unwrap()).sum(),
        1 => scope(|s| {
            let closure = s.spawn(|| Lazy::into_inner(call(&mut chance, levels - 1)));
            calls.into_iter().map(Lazy::into_inner).sum::<u64>() + *closure
        }),
        2 => {
            let shared = Lazy::share(call(&mut chance, levels - 1));
            let other = spawn({
                let shared = Shared::clone(&shared);
                move || *shared
            });
            calls.into_iter().rev().map(Lazy::into_inner).sum::<u64>() + *other + *shared
        }
        _ => calls.into_iter().map(Lazy::into_inner).sum(),
    };
    1 + sum
}

/// Runs the programs in a child. Each call has to end with a value.
fn all_programs_end(test: &str, threads: usize) {
    if !child::is_child() {
        child::succeeds(child::command(test).env("RUST_BACKTRACE", "0"));
        return;
    }
    let _watchdog = watchdog();
    configure().workers(1).max_total_threads(threads).install().unwrap();
    for program in 0..PROGRAMS {
        let mut chance = Chance(program + 1);
        let calls: Vec<_> = (0..6).map(|_| call(&mut chance, LEVELS)).collect();
        for call in calls {
            let value =
                Lazy::join(call).unwrap_or_else(|error| panic!("program {program}: {error}"));
            assert!(value > 0);
        }
    }
}

#[test]
fn any_program_ends_on_one_thread() {
    all_programs_end("any_program_ends_on_one_thread", 1);
}

#[test]
fn any_program_ends_on_two_threads() {
    all_programs_end("any_program_ends_on_two_threads", 2);
}

#[test]
fn any_program_ends_on_three_threads() {
    all_programs_end("any_program_ends_on_three_threads", 3);
}
