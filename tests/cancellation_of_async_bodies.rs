//! Stopping `async` bodies: the calls that one made stop with it, in whichever poll it made them, and
//! whatever they do at the time.

mod common;

use std::future::pending;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use common::counters::{Drops, Token};
use common::futures::yield_now;
use common::gate::Gate;
use common::watchdog;
use pybackground::{Error, Lazy, background, cancelled, delay, sleep, spawn};

const FOR_EVER: Duration = Duration::MAX;
const SOON: Duration = Duration::from_millis(5);

/// Tells that it began, and then sleeps until it is told to stop, which its end tells.
fn sleeper(start: &Sender<()>, alive: &Sender<()>) -> Lazy<()> {
    let (start, alive) = (start.clone(), alive.clone());
    spawn(move || {
        start.send(()).unwrap();
        sleep(FOR_EVER);
        drop(alive);
    })
}

/// A call that makes one in each of three polls, the middle of which is left, and then awaits for ever.
fn maker_of_three() -> (Lazy<()>, Receiver<Lazy<()>>, Receiver<()>) {
    #[background]
    async fn makes_calls(start: Sender<()>, alive: Sender<()>, give: Sender<Lazy<()>>) {
        let _first = sleeper(&start, &alive);
        yield_now().await;
        give.send(sleeper(&start, &alive)).unwrap();
        yield_now().await;
        let _third = sleeper(&start, &alive);
        drop((start, alive, give));
        pending::<()>().await;
    }

    let ((start, started), (alive, over), (give, given)) = (channel(), channel(), channel());
    let x = makes_calls(start, alive, give);
    (0..3).for_each(|_| started.recv().unwrap());
    (x, given, over)
}

fn assert_tells(error: &Error, parts: &[&str]) {
    assert!(error.is_cancelled(), "{error}");
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn the_calls_of_earlier_polls_stop_with_a_body_that_is_cancelled() {
    let _watchdog = watchdog();
    for _ in 0..100 {
        let (x, given, over) = maker_of_three();
        assert!(Lazy::cancel(&x));
        assert!(over.recv().is_err(), "none of the three is left");
        let error = Lazy::join(given.recv().unwrap()).unwrap_err();
        assert_tells(&error, &["the call that made it is over", "::makes_calls`", "was cancelled"]);
    }
}

#[test]
fn they_stop_with_one_that_times_out() {
    let _watchdog = watchdog();
    let (x, given, over) = maker_of_three();
    let x = Lazy::with_timeout(x, SOON);
    assert!(over.recv().is_err());
    assert!(Lazy::join(x).unwrap_err().is_timeout());
    let error = Lazy::join(given.recv().unwrap()).unwrap_err();
    assert_tells(&error, &["the call that made it is over", "::makes_calls`", "timed out"]);
}

#[test]
fn they_stop_with_one_that_is_dropped_with_its_guard() {
    let _watchdog = watchdog();
    let (x, _given, over) = maker_of_three();
    drop(Lazy::cancel_on_drop(x));
    assert!(over.recv().is_err());
}

/// In the middle of a poll it is the body itself that ends, and leaves word.
#[test]
fn they_stop_with_one_that_is_told_while_it_is_polled() {
    #[background]
    async fn polls_for_ever(start: Sender<()>, alive: Sender<()>) {
        std::mem::forget(sleeper(&start, &alive));
        yield_now().await;
        drop(alive);
        start.send(()).unwrap();
        sleep(FOR_EVER);
    }

    let _watchdog = watchdog();
    let ((start, started), (alive, over)) = (channel(), channel());
    let x = polls_for_ever(start, alive);
    (0..2).for_each(|_| started.recv().unwrap());
    Lazy::cancel(&x);
    assert!(over.recv().is_err());
}

#[test]
fn a_body_that_polls_on_while_it_is_to_stop_stops_its_calls() {
    #[background]
    async fn yields_for_ever(start: Sender<()>, alive: Sender<()>) {
        std::mem::forget(sleeper(&start, &alive));
        drop((start, alive));
        loop {
            yield_now().await;
        }
    }

    let _watchdog = watchdog();
    for _ in 0..100 {
        let ((start, started), (alive, over)) = (channel(), channel());
        let x = yields_for_ever(start, alive);
        started.recv().unwrap();
        Lazy::cancel(&x);
        assert!(over.recv().is_err());
    }
}

#[test]
fn the_calls_of_its_calls_stop_as_well_plain_or_async() {
    #[background]
    async fn generation(left: u32, start: Sender<()>, alive: Sender<()>) {
        if left == 0 {
            std::mem::forget(sleeper(&start, &alive));
        } else if left.is_multiple_of(2) {
            std::mem::forget(generation(left - 1, start, alive));
        } else {
            let (below, left) = (start.clone(), left - 1);
            let child = spawn(move || {
                std::mem::forget(generation(left, below.clone(), alive));
                below.send(()).unwrap();
                sleep(FOR_EVER);
            });
            std::mem::forget(child);
        }
        pending::<()>().await;
    }

    let _watchdog = watchdog();
    for _ in 0..20 {
        let ((start, started), (alive, over)) = (channel(), channel());
        let x = generation(7, start, alive);
        // Four plain ones, and the sleeper.
        (0..5).for_each(|_| started.recv().unwrap());
        Lazy::cancel(&x);
        assert!(over.recv().is_err());
    }
}

/// Nobody would wake it.
#[test]
fn a_call_that_awaits_is_closed_with_the_one_that_made_it() {
    #[background]
    async fn awaits(_token: Token) {
        pending::<()>().await;
    }
    #[background]
    async fn maker(give: Sender<Lazy<()>>, token: Token) {
        give.send(awaits(token)).unwrap();
        pending::<()>().await;
    }

    let _watchdog = watchdog();
    for _ in 0..100 {
        let ((give, given), drops) = (channel(), Drops::default());
        let x = maker(give, drops.token());
        let child = given.recv().unwrap();
        Lazy::cancel(&x);
        let error = Lazy::join(child).unwrap_err();
        assert_tells(&error, &["::awaits`", "the call that made it is over", "::maker`"]);
        drops.wait_for(1);
    }
}

#[test]
fn a_plain_body_takes_the_calls_that_await_along() {
    #[background]
    async fn awaits(_token: Token) {
        pending::<()>().await;
    }

    let _watchdog = watchdog();
    let ((give, given), drops, gate) = (channel(), Drops::default(), Gate::default());
    let (_opened, token, held_up) = (gate.opened_at_end(), drops.token(), gate.clone());
    let x = spawn(move || {
        give.send(awaits(token)).unwrap();
        held_up.pass();
    });
    let child = given.recv().unwrap();
    gate.wait_for_arrivals(1);
    Lazy::cancel(&x);
    assert_tells(&Lazy::join(child).unwrap_err(), &["the call that made it is over"]);
    drops.wait_for(1);
}

#[test]
fn calls_that_wait_for_their_inputs_stop_with_the_body_that_made_them() {
    #[background]
    fn sum(#[lazy] a: u32, #[lazy] b: u32, _token: Token) -> u32 {
        a + b
    }
    #[background]
    async fn maker(input: pybackground::Shared<u32>, give: Sender<Lazy<u32>>, token: Token) {
        let inner = spawn(|| {
            sleep(FOR_EVER);
            1
        });
        give.send(Lazy::map(inner, |n| n + 1)).unwrap();
        give.send(sum(input, 2, token)).unwrap();
        drop(give);
        pending::<()>().await;
    }

    let _watchdog = watchdog();
    let ((give, given), drops, gate) = (channel(), Drops::default(), Gate::default());
    let (_opened, held_up) = (gate.opened_at_end(), gate.clone());
    let input = Lazy::share(spawn(move || {
        held_up.pass();
        1
    }));
    let x = maker(input.clone(), give, drops.token());
    let calls: Vec<_> = given.iter().collect();
    let signals: Vec<_> = calls.iter().map(Lazy::signal).collect();
    Lazy::cancel(&x);
    for (call, signal) in calls.into_iter().zip(signals) {
        signal.recv().unwrap();
        assert_tells(
            &Lazy::join(call).unwrap_err(),
            &["the call that made it is over", "::maker`"],
        );
    }
    drops.wait_for(1);
    gate.open();
    assert_eq!(input, 1, "which another made");
}

#[test]
fn a_detached_call_of_any_poll_goes_on() {
    #[background]
    async fn maker(gate: Gate, tell: Sender<bool>, give: Sender<()>) {
        let child = |poll: u32| {
            let (gate, tell) = (gate.clone(), tell.clone());
            spawn(move || {
                gate.pass();
                tell.send(cancelled()).unwrap();
                poll
            })
        };
        drop(Lazy::detach(child(1)));
        let other = child(2);
        yield_now().await;
        drop(Lazy::detach(other));
        drop((gate, tell));
        give.send(()).unwrap();
        pending::<()>().await;
    }

    let _watchdog = watchdog();
    let (gate, (tell, told), (give, given)) = (Gate::default(), channel(), channel());
    let x = maker(gate.clone(), tell, give);
    given.recv().unwrap();
    gate.wait_for_arrivals(2);
    Lazy::cancel(&x);
    gate.open();
    assert_eq!(told.iter().collect::<Vec<_>>(), [false, false]);
}

/// Freed while it awaits from the one that made it, it goes on with all that it made.
#[test]
fn a_detached_call_that_awaits_keeps_its_own_calls() {
    #[background]
    async fn child(gate: Gate, tell: Sender<bool>, give: Sender<()>) {
        std::mem::forget(spawn(move || {
            gate.pass();
            tell.send(cancelled()).unwrap();
        }));
        yield_now().await;
        give.send(()).unwrap();
        pending::<()>().await;
    }

    let _watchdog = watchdog();
    let (gate, (tell, told), (give, given)) = (Gate::default(), channel(), channel());
    let (held_up, made) = (gate.clone(), Gate::default());
    let (_opened, here) = (made.opened_at_end(), made.clone());
    let x = spawn(move || {
        let child = child(held_up, tell, give);
        given.recv().unwrap();
        drop(Lazy::detach(child));
        here.pass();
    });
    gate.wait_for_arrivals(1);
    made.wait_for_arrivals(1);
    Lazy::cancel(&x);
    gate.open();
    assert_eq!(told.recv(), Ok(false));
}

#[test]
fn a_call_goes_on_whose_maker_came_to_its_end() {
    #[background]
    async fn maker(gate: Gate, tell: Sender<bool>) -> u32 {
        std::mem::forget(spawn(move || {
            gate.pass();
            tell.send(cancelled()).unwrap();
        }));
        yield_now().await;
        3
    }

    let _watchdog = watchdog();
    let (gate, (tell, told)) = (Gate::default(), channel());
    let x = maker(gate.clone(), tell);
    gate.wait_for_arrivals(1);
    assert!(Lazy::wait(&x).is_ok());
    assert!(!Lazy::cancel(&x));
    gate.open();
    assert_eq!((told.recv(), *x), (Ok(false), 3));
}

/// The one that made its maker is cancelled; the maker awaits.
#[test]
fn a_call_stops_with_the_one_that_made_its_maker() {
    #[background]
    async fn between(start: Sender<()>, alive: Sender<()>) {
        std::mem::forget(sleeper(&start, &alive));
        yield_now().await;
        start.send(()).unwrap();
        pending::<()>().await;
    }

    let _watchdog = watchdog();
    let ((start, started), (alive, over)) = (channel(), channel());
    let gate = Gate::default();
    let (_opened, held_up) = (gate.opened_at_end(), gate.clone());
    let x = spawn(move || {
        std::mem::forget(between(start, alive));
        held_up.pass();
    });
    (0..2).for_each(|_| started.recv().unwrap());
    Lazy::cancel(&x);
    assert!(over.recv().is_err());
}

#[test]
fn a_timeout_is_inherited_by_the_calls_of_later_polls() {
    #[background(timeout = 0.02)]
    async fn maker(alive: Sender<()>) {
        delay(SOON).await;
        std::mem::forget(spawn(move || {
            let _alive = alive;
            sleep(FOR_EVER);
        }));
        pending::<()>().await;
    }

    let _watchdog = watchdog();
    let (alive, over) = channel();
    let x = maker(alive);
    assert!(over.recv().is_err());
    assert!(Lazy::join(x).unwrap_err().is_timeout());
}

#[test]
fn a_ring_of_async_bodies_in_later_polls_has_one_deadlock() {
    #[background]
    async fn member(hands: Receiver<Lazy<()>>, tell: Sender<Error>) {
        // It makes a call, and so is known from poll to poll.
        assert_eq!(spawn(|| 1).await, 1);
        yield_now().await;
        if let Err(error) = Lazy::join(hands.recv().unwrap()) {
            tell.send(error).unwrap();
        }
    }

    let _watchdog = watchdog();
    for length in [1, 2, 5] {
        let (tell, told) = channel();
        let (calls, hands): (Vec<_>, Vec<_>) = (0..length)
            .map(|_| {
                let (give, given) = channel();
                (member(given, tell.clone()), give)
            })
            .unzip();
        drop(tell);
        for (call, hand) in calls.into_iter().zip(hands.iter().cycle().skip(1)) {
            hand.send(call).unwrap();
        }
        let errors: Vec<Error> = told.iter().collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        let text = errors[0].to_string();
        assert!(errors[0].is_deadlock(), "{text}");
        assert_eq!(text.matches(" waits for `").count(), length, "{text}");
    }
}
