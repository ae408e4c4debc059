//! Promise 7: a cycle of waits is an error, not a hang. The wait that would close the cycle gets the
//! error, which tells who waits for whom and where; every other wait ends as if nothing had been.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::gate::Gate;
use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::{Error, Lazy, background, spawn};

/// Waits for the call that comes by the channel; tells whether the wait was a deadlock.
fn join_what_comes<T>(come: &Receiver<Lazy<T>>) -> Result<T, Error> {
    Lazy::join(come.recv().unwrap())
}

#[test]
fn a_body_that_waits_for_itself_is_told() {
    #[background]
    fn waits_for_itself(come: Receiver<Lazy<()>>, told: Sender<Error>) {
        told.send(Lazy::join(come.recv().unwrap()).unwrap_err()).unwrap();
    }

    let _watchdog = watchdog();
    let ((give, come), (tell, told)) = (channel(), channel());
    let joined = line!() - 5;
    let (call, called) = (waits_for_itself(come, tell), line!());
    give.send(call).unwrap();
    let error = told.recv().unwrap();
    assert!(error.is_deadlock() && !error.is_timeout() && !error.is_cancelled());
    assert_eq!(error.called_at().line(), called);
    let text = error.to_string();
    let call = format!("::waits_for_itself` (called at {}:{called}:", file!());
    assert_eq!(text.matches(&call).count(), 3, "{text}");
    assert!(text.contains(&format!(" at {}:{joined}:", file!())), "{text}");
}

/// Makes a ring of bodies, each on a thread of its own, and counts the deadlocks that are told.
fn ring(length: usize, deadlocks: &Arc<AtomicUsize>, ends: &Arc<AtomicUsize>) {
    let gate = Gate::default();
    let (calls, givers): (Vec<_>, Vec<_>) = (0..length)
        .map(|_| {
            let (give, come) = channel::<Lazy<()>>();
            let (gate, deadlocks, ends) = (gate.clone(), deadlocks.clone(), ends.clone());
            let call = spawn(move || {
                gate.pass();
                if let Err(error) = join_what_comes(&come) {
                    assert!(error.is_deadlock(), "{error}");
                    deadlocks.fetch_add(1, Ordering::SeqCst);
                }
                ends.fetch_add(1, Ordering::SeqCst);
            });
            (call, give)
        })
        .unzip();
    gate.wait_for_arrivals(length);
    gate.open();
    let last = givers.len() - 1;
    for (at, call) in calls.into_iter().enumerate() {
        givers[if at == 0 { last } else { at - 1 }].send(call).unwrap();
    }
}

#[test]
fn a_ring_of_any_length_has_exactly_one_deadlock() {
    let _watchdog = watchdog();
    for length in [1, 2, 3, 10, 100, 1_000] {
        let (deadlocks, ends) = (Arc::default(), Arc::default());
        ring(length, &deadlocks, &ends);
        wait_until(|| ends.load(Ordering::SeqCst) == length);
        assert_eq!(deadlocks.load(Ordering::SeqCst), 1, "in a ring of {length}");
    }
}

#[test]
fn rings_that_close_at_once_have_one_deadlock_each() {
    let _watchdog = watchdog();
    let (deadlocks, ends) = (Arc::default(), Arc::default());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..20).for_each(|_| ring(5, &deadlocks, &ends)));
        }
    });
    wait_until(|| ends.load(Ordering::SeqCst) == 8 * 20 * 5);
    assert_eq!(deadlocks.load(Ordering::SeqCst), 8 * 20);
}

#[test]
fn others_who_wait_for_a_call_of_the_ring_get_its_value() {
    let _watchdog = watchdog();
    let (give, come) = channel::<Arc<Lazy<u32>>>();
    let gate = Gate::default();
    let begun = gate.clone();
    let call = Arc::new(spawn(move || {
        begun.pass();
        let own = come.recv().unwrap();
        let [first, again] = [(); 2].map(|()| Lazy::wait(&own).unwrap_err());
        assert!(first.is_deadlock());
        assert!(std::ptr::eq(first, again), "the same wait, the same error: it is kept once");
        7
    }));
    gate.wait_for_arrivals(1);
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..4).map(|_| scope.spawn(|| **call)).collect();
        give.send(call.clone()).unwrap();
        gate.open();
        for other in others {
            assert_eq!(other.join().unwrap(), 7);
        }
    });
    assert_eq!(**call, 7);
}

#[test]
fn a_wait_after_the_deadlock_has_the_value() {
    let _watchdog = watchdog();
    let (give, come) = channel::<Lazy<u32>>();
    let (back, returned) = channel();
    let call = spawn(move || {
        let own = come.recv().unwrap();
        assert!(Lazy::wait(&own).unwrap_err().is_deadlock());
        assert!(!Lazy::is_ready(&own));
        back.send(own).unwrap();
        7
    });
    give.send(call).unwrap();
    assert_eq!(returned.recv().unwrap(), 7);
}

#[test]
fn using_the_value_panics_with_the_whole_ring() {
    let _watchdog = watchdog();
    let (give, come) = channel::<Lazy<u32>>();
    let (tell, told) = channel();
    give.send(spawn(move || {
        let own = come.recv().unwrap();
        tell.send(caught(|| *own + 1).text().to_owned()).unwrap();
        7
    }))
    .unwrap();
    let text = told.recv().unwrap();
    assert!(text.contains("would never have ended") && text.contains(" waits for `"), "{text}");
}

#[test]
fn a_wait_that_ends_by_itself_is_no_deadlock() {
    let _watchdog = watchdog();
    let short = Duration::from_millis(10);
    let (give, come) = channel::<Lazy<bool>>();
    let (tell, told) = channel();
    give.send(spawn(move || {
        let own = come.recv().unwrap();
        tell.send(Lazy::wait_timeout(&own, short).is_none()).unwrap();
        true
    }))
    .unwrap();
    assert!(told.recv().unwrap());

    let (give, come) = channel::<Lazy<()>>();
    let (tell, told) = channel();
    let (start, started) = channel();
    let call = spawn(move || {
        start.send(()).unwrap();
        tell.send(join_what_comes(&come).unwrap_err()).unwrap();
    });
    started.recv().unwrap();
    give.send(Lazy::with_timeout(call, short)).unwrap();
    assert!(told.recv().unwrap().is_timeout());
}

/// Chains, fans and trees of waits, with threads that wait for each other's calls all the time.
#[test]
fn nothing_but_a_ring_is_a_deadlock() {
    let _watchdog = watchdog();
    for _ in 0..200 {
        let shared: Vec<Arc<Lazy<usize>>> = Vec::new();
        let shared = Arc::new(Mutex::new(shared));
        for at in 0..20 {
            let earlier: Vec<Arc<Lazy<usize>>> = shared.lock().unwrap().clone();
            let call = spawn(move || earlier.iter().map(|lazy| ***lazy).sum::<usize>() + at);
            shared.lock().unwrap().push(Arc::new(call));
        }
        let calls = shared.lock().unwrap();
        for call in calls.iter().rev() {
            assert!(Lazy::wait(call).is_ok());
        }
    }
}
