//! The stack of sleeping threads: each wake-up wakes one thread, once.

use std::time::Duration;

use super::{Arc, Awake, Idle, Sleeper};
use crate::models::check;
use crate::sync::checker::thread;

#[test]
fn a_thread_whose_keep_alive_is_over_is_woken_or_not_but_never_both() {
    check(|| {
        let idle = Arc::new(Idle::default());
        let waker = thread::spawn({
            let idle = idle.clone();
            move || usize::from(idle.wake())
        });
        let sleeper = Sleeper::current();
        let sleep = || {
            idle.announce(&sleeper);
            idle.sleep(&sleeper, Duration::ZERO)
        };
        let woken = [sleep(), sleep()].into_iter().filter(|awake| *awake == Awake::Woken).count();
        assert_eq!(woken, waker.join().unwrap());
    });
}
