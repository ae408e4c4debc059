//! A scope with a single place, and room for a single thread: nobody starves.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::watchdog;
use pybackground::{Lazy, Scope, configure, scope};

fn fibonacci<'scope>(s: &'scope Scope<'scope, '_>, n: u64, calls: &'scope AtomicUsize) -> u64 {
    calls.fetch_add(1, Ordering::Relaxed);
    if n < 2 {
        return n;
    }
    let a = s.spawn(move || fibonacci(s, n - 1, calls));
    let b = s.spawn(move || fibonacci(s, n - 2, calls));
    a + b
}

#[test]
fn closures_that_join_their_siblings_do_not_starve() {
    let _watchdog = watchdog();
    configure().workers(1).max_threads(1).install().unwrap();

    // Each joins one that is queued behind it.
    let total = scope(|s| {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..50).map(|_| std::sync::mpsc::sync_channel::<Lazy<u32>>(1)).unzip();
        // What a closure waits for is there before it begins: it blocks in the join alone.
        let (starts, started) = std::sync::mpsc::channel::<()>();
        let first = s.spawn(move || started.recv().map_or(0, |()| 1));
        let lazies: Vec<Lazy<u32>> = receivers
            .into_iter()
            .map(|next| s.spawn(move || next.try_recv().map_or(0, |next| *next + 1)))
            .collect();
        let mut lazies = lazies.into_iter();
        let head = lazies.next().unwrap();
        for (to, lazy) in senders.iter().zip(lazies) {
            to.send(lazy).unwrap();
        }
        starts.send(()).unwrap();
        *first + *head
    });
    assert_eq!(total, 50);

    let calls = AtomicUsize::new(0);
    let value = scope(|s| *s.spawn(|| fibonacci(s, 10, &calls)));
    assert_eq!((value, calls.into_inner()), (55, 177));

    // A scope in a scope, both with one place.
    let depth =
        scope(|outer| *outer.spawn(|| scope(|inner| *inner.spawn(|| *outer.spawn(|| 1) + 1)) + 1));
    assert_eq!(depth, 3);
}
