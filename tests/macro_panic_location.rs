//! The location of a panic. The panic hook belongs to the process, so this test has a process of its own.

use std::panic::catch_unwind;
use std::sync::{Arc, Mutex};

use pybackground::{Lazy, background};

#[background(timeout = -f64::from(1_u8))]
fn with_a_bad_timeout() {}

const IN_THE_BODY: u32 = line!() + 4;

#[background]
fn panics(number: u8) -> u8 {
    assert!(number > 1, "too small");
    number
}

#[test]
fn panic_names_the_line_of_the_user() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    std::panic::set_hook(Box::new(move |info| {
        let location =
            info.location().map(|location| (location.file().to_owned(), location.line()));
        log.lock().unwrap().extend(location);
    }));
    let at_the_call = line!() + 1;
    let refused = catch_unwind(|| drop(with_a_bad_timeout()));
    let panicked = Lazy::join(panics(1));
    drop(std::panic::take_hook());
    assert!(refused.is_err());
    assert!(panicked.is_err());
    let here = |line| (file!().to_owned(), line);
    assert_eq!(*seen.lock().unwrap(), [here(at_the_call), here(IN_THE_BODY)]);
}
