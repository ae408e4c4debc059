//! A `Lazy` under an executor that does whatever the contract of `Future` allows: polls for no reason,
//! comes with another waker each time, has wakers that panic or block.

#[path = "../common/mod.rs"]
mod common;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::gate::Gate;
use common::{wait_until, watchdog};
use pybackground::{Lazy, background, spawn};

/// Tells that it was woken.
struct Bell(Sender<()>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // Whoever hung it up may be gone.
        let _ = self.0.send(());
    }
}

fn bell() -> (Waker, Receiver<()>) {
    let (ring, rings) = channel();
    (Waker::from(Arc::new(Bell(ring))), rings)
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Runs a future, with a new waker for each poll and three polls too many each time.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        for _ in 0..3 {
            let context = &mut Context::from_waker(Waker::noop());
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return value;
            }
        }
        let (waker, rings) = bell();
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        rings.recv().expect("a future that is not ready keeps its last waker");
    }
}

/// A call that waits at the gate.
fn held(gate: &Gate) -> Lazy<u8> {
    let gate = gate.clone();
    spawn(move || {
        gate.pass();
        7
    })
}

#[background]
async fn add_up(count: u64) -> u64 {
    let mut sum = 0;
    for number in 0..count {
        sum += spawn(move || number).await;
    }
    sum
}

#[test]
fn spurious_polls_and_new_wakers_lose_nothing() {
    let _watchdog = watchdog();
    for _ in 0..1_000 {
        assert_eq!(block_on(spawn(|| 7)), 7);
    }
    assert_eq!(block_on(add_up(1_000)), 499_500);
}

#[test]
fn only_the_last_waker_is_kept_and_woken() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let mut call = held(&gate);
    let count = Arc::new(());
    let keeping = |kept: &Arc<()>| {
        struct Keep(Arc<()>);
        impl Wake for Keep {
            fn wake(self: Arc<Self>) {
                unreachable!(
                    "another waker came after this one, {} in all",
                    Arc::strong_count(&self.0)
                );
            }
        }
        Waker::from(Arc::new(Keep(kept.clone())))
    };
    for _ in 0..1_000_000 {
        assert!(poll(&mut call, &keeping(&count)).is_pending());
        assert!(Arc::strong_count(&count) <= 2, "one waker is kept");
    }
    let (waker, rings) = bell();
    assert!(poll(&mut call, &waker).is_pending());
    assert_eq!(Arc::strong_count(&count), 1);
    gate.open();
    rings.recv().unwrap();
    assert_eq!(poll(&mut call, Waker::noop()), Poll::Ready(7));
}

#[test]
fn a_lazy_that_is_dropped_takes_its_waker_along() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let mut call = held(&gate);
    let (waker, rings) = bell();
    assert!(poll(&mut call, &waker).is_pending());
    drop((call, waker));
    assert!(rings.recv().is_err(), "nobody has the waker any more, although the call runs on");
}

/// Panics, blocks, or counts.
struct Awkward {
    panics: bool,
    gate: Option<Gate>,
    woken: AtomicUsize,
}

impl Wake for Awkward {
    fn wake(self: Arc<Self>) {
        if let Some(gate) = &self.gate {
            gate.pass();
        }
        self.woken.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics, "this waker panics");
    }
}

#[test]
fn wakers_that_panic_or_block_harm_nobody_else() {
    let _watchdog = watchdog();
    let (gate, blocked) = (Gate::default(), Gate::default());
    let _opened = (gate.opened_at_end(), blocked.opened_at_end());
    let awkward = |panics, gate| Arc::new(Awkward { panics, gate, woken: AtomicUsize::new(0) });
    let panics = awkward(true, None);
    let blocks = awkward(false, Some(blocked.clone()));
    let mut calls: Vec<(Lazy<u8>, Arc<Awkward>)> =
        [&panics, &blocks].map(|waker| (held(&gate), waker.clone())).into();
    for (call, waker) in &mut calls {
        assert!(poll(call, &Waker::from(waker.clone())).is_pending());
    }
    gate.open();
    wait_until(|| panics.woken.load(Ordering::SeqCst) == 1);
    blocked.wait_for_arrivals(1);
    // The values are there, and other calls go their way, while one waker panicked and one blocks.
    for (call, _) in &mut calls {
        assert_eq!(*Lazy::wait(call).unwrap(), 7);
    }
    assert_eq!(block_on(add_up(100)), 4_950);
}

/// The monitor has other deadlines to keep.
#[test]
fn a_waker_that_blocks_delays_no_deadline() {
    let _watchdog = watchdog();
    let (gate, blocked) = (Gate::default(), Gate::default());
    let _opened = (gate.opened_at_end(), blocked.opened_at_end());
    let mut timed = Lazy::outcome(Lazy::with_timeout(held(&gate), Duration::from_millis(1)));
    let waker = Awkward { panics: false, gate: Some(blocked.clone()), woken: AtomicUsize::new(0) };
    if poll(&mut Pin::new(&mut timed), &Waker::from(Arc::new(waker))).is_pending() {
        blocked.wait_for_arrivals(1);
    }
    for _ in 0..10 {
        let later = Lazy::with_timeout(held(&gate), Duration::from_millis(1));
        assert!(block_on(Lazy::outcome(later)).unwrap_err().is_timeout());
    }
}
