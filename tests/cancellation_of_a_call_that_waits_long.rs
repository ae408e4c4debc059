//! A call whose maker was stopped never begins, although its turn comes long after all that the maker left
//! has ended. There is one thread, which is held up meanwhile.

mod common;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use common::counters::{Drops, Token};
use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, background, cancelled, configure, spawn};

/// Far more than it takes until what nobody asks for is forgotten.
const QUESTIONS: usize = 10_000;

/// Is cancelled after it has made a call.
#[background]
fn maker(made: Sender<Lazy<()>>, go: Gate, token: Token) {
    made.send(spawn(move || unreachable!("{}", std::mem::size_of_val(&token)))).unwrap();
    go.pass();
}

#[test]
fn a_call_in_the_queue_of_a_thread_that_is_held_up_never_begins() {
    let _watchdog = watchdog();
    configure().workers(1).max_threads(1).install().unwrap();
    let (go, end, drops) = (Gate::default(), Gate::default(), Drops::default());
    let (_went, _ended) = (go.opened_at_end(), end.opened_at_end());
    let ((tell, told), (made, calls)) = (channel(), channel());
    let (inner_go, inner_end, token) = (go.clone(), end.clone(), drops.token());
    let holds_up = spawn(move || {
        let maker = Arc::new(maker(made, inner_go, token));
        tell.send(maker.clone()).unwrap();
        // On this very thread, so that what it makes is left in the queue.
        assert!(Lazy::wait(&maker).unwrap_err().is_cancelled());
        drop(maker);
        inner_end.pass();
    });
    let maker = told.recv().unwrap();
    go.wait_for_arrivals(1);
    assert!(Lazy::cancel(&maker));
    go.open();
    end.wait_for_arrivals(1);
    assert!((0..QUESTIONS).all(|_| !cancelled()));
    end.open();
    assert!(Lazy::join(holds_up).is_ok());
    let error = Lazy::join(calls.recv().unwrap()).unwrap_err();
    assert!(error.is_cancelled() && error.to_string().contains("::maker` "), "{error}");
    drops.wait_for(1);
}
