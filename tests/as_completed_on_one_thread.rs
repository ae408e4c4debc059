//! With a single thread, a body that waits for any of its own calls leaves them the place.

use std::time::Duration;

use pybackground::{as_completed, configure, spawn};

#[test]
fn a_body_does_not_starve_the_calls_that_it_waits_for() {
    configure().workers(1).max_threads(1).install().unwrap();
    let outer = spawn(|| {
        let mut calls = as_completed((0..100_u32).map(|n| spawn(move || n)));
        let mut sum = 0;
        while let Some((_, n)) = calls.next_timeout(Duration::from_secs(60)).unwrap() {
            sum += n.unwrap();
        }
        sum + as_completed((0..100_u32).map(|n| spawn(move || n)))
            .map(|(_, n)| n.unwrap())
            .sum::<u32>()
    });
    assert_eq!(outer, 2 * 4_950);
}
