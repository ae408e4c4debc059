//! What a program does that is built with `panic = "abort"`: the first argument says.

use std::sync::mpsc::channel;
use std::time::Duration;

use pybackground::{Lazy, Timeout, background, cancelled, checkpoint, sleep, spawn, wait_idle};

#[background]
fn panics() -> u32 {
    panic!("the body's own words")
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("panic") => {
            let error = Lazy::join(panics()).unwrap_err();
            println!("went on after {error}");
        }
        Some("cancel") => cancel(),
        Some("panic in main") => {
            Lazy::wait(&spawn(|| 5)).expect("it ends");
            panic!("the words of main");
        }
        other => panic!("nothing is known of {other:?}"),
    }
}

/// No cancellation and no timeout ends the process.
fn cancel() {
    let ((start, started), (end, ended)) = (channel(), channel());
    let (never, wait_for_ever) = channel::<()>();
    let x = spawn(move || {
        start.send(()).unwrap();
        sleep(Duration::MAX);
        checkpoint();
        assert!(cancelled());
        // A call that a body makes after all is run, for its value may be used.
        end.send(*spawn(|| 5)).unwrap();
        drop(never);
    });
    started.recv().unwrap();
    Lazy::cancel(&x);
    assert_eq!(ended.recv(), Ok(5));
    assert!(wait_for_ever.recv().is_err());
    assert!(Lazy::join(x).unwrap_err().is_cancelled());
    let late = background(|| sleep(Duration::MAX)).timeout(0.001)();
    assert!(late == Timeout);
    wait_idle(Duration::MAX).unwrap();
    println!("all is well");
}
