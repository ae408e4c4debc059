//! Promise 5: a panic travels to the first use with its own payload, at the user's line; `wait` and
//! `join` give it as an error; the threads go on.

mod common;

use std::borrow::Borrow;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::panics::caught;
use common::watchdog;
use pybackground::{Lazy, Shared, background, spawn, spawn_compute};

#[derive(Debug, PartialEq)]
struct Custom(u64);

#[background]
fn fails(page: u32) -> u32 {
    panic!("no page {page}")
}

#[background(compute)]
fn fails_to_compute(page: u32) -> u32 {
    panic!("no page {page}")
}

#[background]
async fn fails_asynchronously(page: u32) -> u32 {
    panic!("no page {page}")
}

#[test]
fn the_payload_reaches_the_first_use() {
    let _watchdog = watchdog();
    let text = caught(|| *spawn(|| -> u8 { panic!("a literal") }));
    assert_eq!(text.payload.downcast_ref::<&'static str>(), Some(&"a literal"));
    let formatted = caught(|| *fails(7));
    assert_eq!(formatted.payload.downcast_ref::<String>().unwrap(), "no page 7");
    let custom = caught(|| *spawn(|| -> u8 { std::panic::panic_any(Custom(7)) }));
    assert_eq!(custom.payload.downcast_ref::<Custom>(), Some(&Custom(7)));
}

#[test]
fn every_form_of_a_call_and_every_use_passes_it_on() {
    let _watchdog = watchdog();
    let uses: [fn(Lazy<u32>) -> u32; 7] = [
        |x| *x,
        |mut x| {
            x += 1;
            *x
        },
        Lazy::into_inner,
        |x| x + 1,
        |x| 1 + x,
        |x| u32::from(x == 1),
        |x| u32::from(x.to_string().is_empty()),
    ];
    let calls: [fn() -> Lazy<u32>; 6] = [
        || fails(7),
        || fails_to_compute(7),
        || fails_asynchronously(7),
        || spawn(|| panic!("no page {}", 7)),
        || spawn_compute(|| panic!("no page {}", 7)),
        || background(|page: u32| -> u32 { panic!("no page {page}") })(7),
    ];
    for user in uses {
        for call in calls {
            assert_eq!(caught(|| user(call())).text(), "no page 7");
        }
    }
}

#[test]
fn the_panic_is_told_at_the_line_of_the_use() {
    let _watchdog = watchdog();
    let x = fails(7);
    let before = line!();
    let panic = caught(|| *x);
    panic.assert_told_between(before, line!());
    let x = fails(7);
    let before = line!();
    let panic = caught(|| x.checked_add(1));
    panic.assert_told_between(before, line!());
    let (x, y) = (fails(7), fails(8));
    let before = line!();
    let panic = caught(|| x + y);
    panic.assert_told_between(before, line!());
    let x = fails(7);
    let before = line!();
    let panic = caught(|| x == 7);
    panic.assert_told_between(before, line!());
    let x = fails(7);
    let before = line!();
    let panic = caught(|| Lazy::into_inner(x));
    panic.assert_told_between(before, line!());
    let mut x = fails(7);
    let before = line!();
    let panic = caught(|| x += 1);
    panic.assert_told_between(before, line!());
}

#[test]
fn every_forwarded_use_tells_its_own_line() {
    fn list() -> Lazy<Vec<u32>> {
        spawn(|| panic!("no list"))
    }

    fn shared() -> Shared<Vec<u32>> {
        Lazy::share(list())
    }

    let _watchdog = watchdog();
    macro_rules! told_here {
        ($($used:expr;)+) => {$(
            let line = line!();
            caught(|| { let _ = $used; }).assert_told_between(line, line + 1);
        )+};
    }
    told_here! { &fails(7) + 1; fails(7) + &fails(8); &fails(7) + &fails(8); !&fails(7); }
    told_here! { fails(7) != 1; fails(7) < 1; 1 < *fails(7); fails(7) >= Lazy::ready(1); fails(7).cmp(&Lazy::ready(1)); }
    told_here! { list()[0]; list() == [1]; list().into_iter(); (&list()).into_iter(); list()[0] = 1; }
    told_here! { list().extend([1]); AsRef::<[u32]>::as_ref(&list()); Borrow::<[u32]>::borrow(&list()); }
    told_here! { list() != [1]; [1] != list(); }
    told_here! { shared()[0]; shared() == [1]; shared().len(); [1] == shared(); }
}

#[test]
fn a_second_use_panics_with_a_message_that_says_so() {
    let _watchdog = watchdog();
    let (x, called) = (fails(7), line!());
    assert_eq!(caught(|| *x).text(), "no page 7");
    let before = line!();
    let second = caught(|| *x);
    second.assert_told_between(before, line!());
    let text = second.text();
    assert!(text.contains("fails"), "the function: {text}");
    assert!(text.contains(&format!("{}:{called}:", file!())), "the call: {text}");
    assert!(text.contains("earlier use"), "what happened: {text}");
    assert!(text.contains("no page 7"), "the panic: {text}");
    assert_eq!(caught(|| *x).text(), text, "and so does a third");
}

#[test]
fn a_second_use_says_so_when_the_payload_is_no_text() {
    let _watchdog = watchdog();
    let x = spawn(|| -> u8 { std::panic::panic_any(Custom(7)) });
    caught(|| *x);
    assert!(caught(|| *x).text().contains("earlier use"));
}

#[test]
fn the_first_operand_that_panicked_is_the_one_that_is_told() {
    let _watchdog = watchdog();
    assert_eq!(caught(|| fails(1) + fails(2)).text(), "no page 1");
    assert_eq!(caught(|| Lazy::ready(1) + fails(2)).text(), "no page 2");
    assert_eq!(caught(|| fails(1) + Lazy::ready(2)).text(), "no page 1");
}

#[test]
fn wait_and_join_give_an_error() {
    let _watchdog = watchdog();
    let (x, called) = (fails(7), line!());
    let error = Lazy::wait(&x).unwrap_err().clone();
    assert!(error.is_panic() && !error.is_timeout() && !error.is_refused());
    assert_eq!(error.message(), Some("no page 7"));
    assert!(error.function().ends_with("::fails"), "{}", error.function());
    assert_eq!((error.called_at().file(), error.called_at().line()), (file!(), called));
    let told = error.to_string();
    for part in ["fails", "no page 7", &format!("{}:{called}:", file!())] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(Lazy::join(x).unwrap_err().to_string(), told);
}

#[test]
fn an_error_leaves_the_panic_to_a_use() {
    let _watchdog = watchdog();
    let x = fails(7);
    assert!(Lazy::wait(&x).is_err());
    assert!(Lazy::peek(&x).unwrap().is_err());
    assert_eq!(caught(|| *x).text(), "no page 7");
    assert_eq!(Lazy::wait(&x).unwrap_err().message(), Some("no page 7"));
}

#[test]
fn the_threads_go_on() {
    const CALLS: usize = 2_000;
    static ENDED: AtomicUsize = AtomicUsize::new(0);

    let _watchdog = watchdog();
    // The hook of this file keeps the panics of bodies quiet.
    caught(|| *fails(0));
    for n in 0..CALLS {
        drop(spawn(move || assert!(n % 2 == 0, "every other one")));
        drop(spawn(|| {
            drop(Lazy::join(spawn(|| panic!("in a body of a body"))));
            ENDED.fetch_add(1, Ordering::SeqCst);
        }));
    }
    common::wait_until(|| ENDED.load(Ordering::SeqCst) == CALLS);
    assert_eq!(spawn(|| 1) + spawn(|| 2), 3);
}

#[test]
fn a_panic_travels_through_bodies_that_wait_for_each_other() {
    #[background]
    fn deep(levels: u32) -> u32 {
        if levels == 0 { panic!("at the bottom") } else { *deep(levels - 1) }
    }

    let _watchdog = watchdog();
    assert_eq!(caught(|| *deep(200)).text(), "at the bottom");
}
