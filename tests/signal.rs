//! `Lazy::signal`: a call beside channels in a `select!`.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use common::counters::Drops;
use common::gate::Gate;
use common::watchdog;
use pybackground::crossbeam_channel::{RecvError, Sender, TryRecvError, never, select, unbounded};
use pybackground::{Lazy, Signal, background, sleep, spawn};

#[test]
fn a_select_waits_for_a_call_beside_channels() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let passed = gate.clone();
    let call = spawn(move || {
        passed.pass();
        7
    });
    let ended = Lazy::signal(&call);
    let (send, lines) = unbounded();
    send.send("a line").unwrap();
    select! {
        recv(lines) -> line => assert_eq!(line, Ok("a line")),
        recv(ended) -> _ => panic!("it has not ended"),
    }
    gate.open();
    select! {
        recv(lines) -> _ => panic!("there are no more"),
        recv(ended) -> told => assert_eq!(told, Ok(())),
    }
    assert!(Lazy::is_ready(&call));
    assert_eq!(call, 7);
}

#[test]
fn a_signal_tells_once_and_is_then_disconnected() {
    let _watchdog = watchdog();
    for call in [Lazy::ready(1), spawn(|| 1)] {
        let ended = Lazy::signal(&call);
        assert_eq!(ended.recv(), Ok(()));
        assert_eq!(ended.recv(), Err(RecvError));
        let again: Signal = Lazy::signal(&call);
        assert_eq!(again.try_recv(), Ok(()), "it has ended before");
        assert_eq!(again.try_recv(), Err(TryRecvError::Disconnected));
    }
}

#[test]
fn however_a_call_ends_its_signals_tell() {
    let _watchdog = watchdog();
    let panics = spawn(|| panic!("boom"));
    let sleeps = || spawn(|| sleep(Duration::from_secs(3600)));
    let (cancelled, late) = (sleeps(), sleeps());
    let calls = [panics, cancelled, late];
    let signals: Vec<[Signal; 2]> =
        calls.iter().map(|call| [Lazy::signal(call), Lazy::signal(call)]).collect();
    let [panics, cancelled, late] = calls;
    Lazy::cancel(&cancelled);
    let late = Lazy::with_timeout(late, Duration::ZERO);
    for signal in signals.iter().flatten() {
        signal.recv().unwrap();
    }
    for call in [panics, cancelled, late] {
        assert!(Lazy::is_ready(&call));
    }
}

#[test]
fn nobody_has_to_listen_and_the_call_can_be_given_up() {
    let _watchdog = watchdog();
    let (gate, drops) = (Gate::default(), Drops::default());
    let (passed, token) = (gate.clone(), drops.token());
    let call = spawn(move || {
        passed.pass();
        token
    });
    drop(Lazy::signal(&call));
    let ended = Lazy::signal(&call);
    drop(call);
    gate.open();
    assert_eq!(ended.recv(), Ok(()));
    drops.wait_for(1);
}

#[test]
fn a_call_that_can_never_end_disconnects() {
    #[background]
    async fn never_woken(tell: Sender<()>) {
        tell.send(()).unwrap();
        std::future::pending::<()>().await;
    }

    let _watchdog = watchdog();
    let (tell, told) = unbounded();
    let call = never_woken(tell);
    let ended = Lazy::signal(&call);
    let received = thread::spawn({
        let ended = Lazy::signal(&call);
        move || ended.recv()
    });
    assert_eq!(told.recv(), Ok(()));
    drop(call);
    assert_eq!(received.join().unwrap(), Err(RecvError));
    select! {
        recv(ended) -> told => assert_eq!(told, Err(RecvError)),
        recv(never::<()>()) -> _ => unreachable!("nothing ever comes"),
    }
}

#[test]
fn signal_of_a_call_that_waits_for_the_receiver_is_a_deadlock() {
    let _watchdog = watchdog();
    let ((give_x, x_given), (give_y, y_given)) = (channel::<Lazy<u32>>(), channel::<Lazy<u32>>());
    let (tell, told) = channel();
    let tells = tell.clone();
    let x = spawn(move || {
        let y = y_given.recv().unwrap();
        let received = catch_unwind(AssertUnwindSafe(|| Lazy::signal(&y).recv()));
        let text = received.err().map(|panic| panic.downcast_ref::<String>().unwrap().clone());
        tells.send(text).unwrap();
        drop(y);
        1
    });
    let y = spawn(move || {
        let joined = Lazy::join(x_given.recv().unwrap());
        tell.send(joined.err().map(|error| error.to_string())).unwrap();
        2
    });
    give_x.send(x).unwrap();
    give_y.send(y).unwrap();
    let texts: Vec<String> = told.iter().take(2).flatten().collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(texts[0].matches(" waits for `").count(), 2, "{}", texts[0]);
    assert!(texts[0].contains("at tests/signal.rs:"), "{}", texts[0]);
}
