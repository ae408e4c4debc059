//! The end of a process is an error that says how the process ended.

mod common;

use std::ffi::CStr;
use std::process::Command;

use common::{child, watchdog};
use pybackground::{Crash, Error, Lazy, background};
use serde::{Deserialize, Serialize};

#[background(process)]
fn double(n: u32) -> u32 {
    2 * n
}

#[track_caller]
fn crash_of<T>(call: Lazy<T>) -> (Crash, Error) {
    let error = Lazy::join(call).err().expect("the process ends");
    let crash = error.crash().unwrap_or_else(|| panic!("no crash: {error}")).clone();
    assert!(error.is_crash() && !error.is_panic() && !error.is_timeout());
    // No other call is affected.
    assert_eq!(double(4), 8);
    (crash, error)
}

#[background(process)]
fn abort() {
    std::process::abort()
}

#[test]
fn abort_is_a_crash_by_sigabrt() {
    let _watchdog = watchdog();
    let (crash, error) = crash_of(abort());
    assert_eq!((crash.signal(), crash.code()), (Some(6), None));
    let text = error.to_string();
    assert!(text.contains("::abort` (called at ") && text.contains("signal 6 (SIGABRT"), "{text}");
}

#[background(process)]
fn kill(signal: &str) {
    let this = std::process::id().to_string();
    Command::new("kill").args(["-s", signal, &this]).status().unwrap();
    loop {
        std::thread::park();
    }
}

/// Reads a null pointer, as a C library may return it.
#[background(process)]
fn follow_null() -> usize {
    let text = std::hint::black_box(std::ptr::null());
    #[allow(unsafe_code, reason = "safe code does not do it")]
    // SAFETY: none. This is the mistake that the process is there to contain.
    let text = unsafe { CStr::from_ptr(text) };
    text.count_bytes()
}

#[test]
fn null_pointer_is_a_crash_by_sigsegv() {
    let _watchdog = watchdog();
    let (crash, error) = crash_of(follow_null());
    assert_eq!(crash.signal(), Some(11));
    assert!(error.to_string().contains("signal 11 (SIGSEGV: a bad memory access"), "{error}");
}

#[test]
fn sigsegv_from_outside_is_a_crash() {
    let _watchdog = watchdog();
    assert_eq!(crash_of(kill("SEGV")).0.signal(), Some(11));
}

#[test]
fn kill_from_outside_hints_at_memory() {
    let _watchdog = watchdog();
    let (crash, error) = crash_of(kill("KILL"));
    assert_eq!(crash.signal(), Some(9));
    assert!(crash.looks_out_of_memory());
    assert!(error.to_string().ends_with("the system had no more memory"), "{error}");
}

#[background(process)]
fn overflow_stack(depth: u64) -> u64 {
    fn deeper(depth: u64) -> u64 {
        let room = std::hint::black_box([depth; 128]);
        if depth == u64::MAX { 0 } else { deeper(depth + 1) + room[7] }
    }
    deeper(depth)
}

#[test]
fn stack_overflow_is_a_crash() {
    let _watchdog = watchdog();
    let (crash, _) = crash_of(overflow_stack(0));
    assert!(matches!(crash.signal(), Some(6 | 11)), "{crash}");
}

#[background(process, memory = "64MiB")]
fn allocate(bytes: usize) -> usize {
    std::hint::black_box(vec![1_u8; bytes]).len()
}

#[background(process, memory = "64MiB")]
fn panic_with_little_memory_left() {
    const PIECE: usize = 1 << 20;
    let mut taken: Vec<Vec<u8>> = Vec::with_capacity(64);
    while taken.len() < 64 {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(PIECE).is_err() {
            break;
        }
        piece.resize(PIECE, 1);
        taken.push(piece);
    }
    panic!("that was all, after {} pieces", taken.len());
}

/// The backtrace takes more memory than is left.
#[test]
fn panic_without_memory_left_is_a_panic() {
    const TEST: &str = "panic_without_memory_left_is_a_panic";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(child::command(TEST).env("RUST_BACKTRACE", "1"));
        return;
    }
    for _ in 0..3 {
        let error = Lazy::join(panic_with_little_memory_left()).unwrap_err();
        assert!(error.is_panic(), "{error}");
        assert!(error.to_string().contains("that was all, after "), "{error}");
    }
}

#[test]
fn memory_beyond_the_limit_is_a_crash() {
    let _watchdog = watchdog();
    assert_eq!(allocate(1 << 20), 1 << 20);
    let (crash, error) = crash_of(allocate(1 << 30));
    assert!(crash.looks_out_of_memory(), "{crash}");
    assert!(error.to_string().contains("67108864 bytes"), "{error}");
    assert_eq!(allocate(1 << 20), 1 << 20);
}

#[background(process)]
fn exit(code: i32) {
    std::process::exit(code)
}

#[test]
fn exit_in_mid_call_is_a_crash() {
    let _watchdog = watchdog();
    for code in [0, 3] {
        let (crash, _) = crash_of(exit(code));
        assert_eq!((crash.signal(), crash.code()), (None, Some(code)));
        assert!(!crash.looks_out_of_memory());
    }
}

#[background(process)]
fn panic_with_text(number: u32) {
    panic!("number {number}")
}

#[background(process)]
fn panic_with_number() {
    std::panic::panic_any(7_u8)
}

#[test]
fn panic_reports_its_message_and_its_line() {
    let _watchdog = watchdog();
    let error = Lazy::join(panic_with_text(7)).unwrap_err();
    assert!(error.is_panic() && !error.is_crash());
    assert_eq!(error.message(), Some("number 7"));
    assert!(error.panicked_at().unwrap().contains("crashes.rs:"), "{error}");
    let payload = std::panic::catch_unwind(|| Lazy::into_inner(panic_with_text(8))).unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "number 8");
}

#[test]
fn panic_with_another_payload_is_a_panic() {
    let _watchdog = watchdog();
    let error = Lazy::join(panic_with_number()).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.message(), None);
    assert!(error.panicked_at().is_some());
}

/// Serde deserializes it only from a format that says what comes next.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u32),
}

#[background(process)]
fn take_untagged(_: Untagged) {}

#[background(process)]
fn make_untagged() -> Untagged {
    Untagged::Number(7)
}

#[test]
fn type_that_the_format_cannot_carry_is_a_codec_failure() {
    let _watchdog = watchdog();
    let error = Lazy::join(take_untagged(Untagged::Number(7))).unwrap_err();
    assert!(error.is_codec_failure());
    assert!(error.to_string().contains("its arguments could not be passed"), "{error}");
    let error = Lazy::join(make_untagged()).err().unwrap();
    assert!(error.is_codec_failure());
    assert!(error.to_string().contains("its result could not be passed back"), "{error}");
}
