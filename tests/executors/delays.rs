//! `delay`: waiting in `async` code that holds no thread.

#[path = "../common/mod.rs"]
mod common;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use common::counters::AtOnce;
use common::{wait_until, watchdog};
use futures::executor::block_on;
use futures::future::{Either, FutureExt, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};
use pybackground::{Delay, Lazy, background, delay, snapshot, spawn};

const SHORT: Duration = Duration::from_millis(5);

#[test]
fn no_delay_is_shorter_than_it_says() {
    let _watchdog = watchdog();
    for millis in 0..10 {
        let time = Duration::from_millis(millis);
        let start = Instant::now();
        block_on(delay(time));
        assert!(start.elapsed() >= time);
    }
    assert_eq!(delay(Duration::ZERO).now_or_never(), Some(()));
    assert_eq!(delay(Duration::MAX).now_or_never(), None);
}

#[test]
fn delays_end_in_the_order_of_their_times() {
    let _watchdog = watchdog();
    let delays = loop {
        let start = Instant::now();
        let mut delays: FuturesUnordered<_> = [20_u64, 5, 10, 1]
            .map(|ms| delay(Duration::from_millis(ms)).map(move |()| ms))
            .into_iter()
            .collect();
        let none_is_over = delays.next().now_or_never().is_none();
        // A thread that was held up between two of them may have made the longer one end first.
        if none_is_over && start.elapsed() < Duration::from_millis(4) {
            break delays;
        }
    };
    assert_eq!(block_on(delays.collect::<Vec<_>>()), [1, 5, 10, 20]);
}

static ASLEEP: AtOnce = AtOnce::new();

#[background]
async fn nap() {
    let _asleep = ASLEEP.enter();
    delay(Duration::MAX).await;
}

#[test]
fn thousands_of_bodies_sleep_at_once() {
    const BODIES: usize = 5_000;
    let _watchdog = watchdog();
    let naps: Vec<Lazy<()>> = (0..BODIES).map(|_| nap()).collect();
    wait_until(|| ASLEEP.most() == BODIES);
    assert!(snapshot().threads < BODIES / 10, "{} threads", snapshot().threads);
    assert!(naps.iter().all(Lazy::cancel));
    let ends = block_on(join_all(naps.into_iter().map(Lazy::outcome)));
    assert!(ends.into_iter().all(|end| end.unwrap_err().is_cancelled()));
}

#[test]
fn a_delay_bounds_a_wait() {
    let _watchdog = watchdog();
    let endless = Lazy::cancel_on_drop(spawn(|| pybackground::sleep(Duration::MAX)));
    assert!(matches!(block_on(select(endless, delay(SHORT))), Either::Right(_)));
    assert!(matches!(block_on(select(spawn(|| 7), delay(Duration::MAX))), Either::Left((7, _))));
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn only_the_last_waker_of_a_delay_is_woken_and_none_that_was_dropped() {
    let _watchdog = watchdog();
    let (replaced, last, dropped) = (Arc::default(), Arc::default(), Arc::<Count>::default());
    let (mut kept, mut gone) = (delay(SHORT), delay(SHORT));
    let poll = |delay: &mut Delay, count: &Arc<Count>| {
        let waker = Waker::from(count.clone());
        Pin::new(delay).poll(&mut Context::from_waker(&waker)).is_pending()
    };
    let pending = poll(&mut kept, &replaced) && poll(&mut gone, &dropped);
    drop(gone);
    assert_eq!(Arc::strong_count(&dropped), 1);
    if pending && poll(&mut kept, &last) {
        wait_until(|| last.0.load(Ordering::SeqCst) == 1);
        assert_eq!(replaced.0.load(Ordering::SeqCst), 0);
    }
    block_on(kept);
    assert_eq!(dropped.0.load(Ordering::SeqCst), 0);
}
