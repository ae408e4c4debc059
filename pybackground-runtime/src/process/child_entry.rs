//! How a process becomes a child before `main`, and how it exits.
//!
//! # Unsafe code
//!
//! This is the only file of the folder with unsafe code. Three arguments make it sound:
//!
//! - **Before `main`** this thread is the only one, unless a library has started another, which is checked where it
//!   matters. The code uses parts of `std` that need nothing that `main` would set up: the environment, files, sockets,
//!   threads, and panics that are caught.
//! - **The constructors** that follow in the linker's array are called once, in order and with the same arguments, as the
//!   loader would call them next. It never does, because a child does not return to it.
//! - **After `fork`** the copy has one thread, and locks of other threads may be held for good. It calls functions only
//!   that POSIX allows there (`close`, `poll`, `kill`, `_exit`), and never returns.

#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::frame::{VARIABLE, nonce_and_port};
use super::serve;
use super::system::{self, ChildConnection, has_one_thread};
use crate::secure_execution;

/// A function that the loader calls before `main`.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
type Constructor = extern "C" fn();
#[cfg(all(target_os = "linux", target_env = "gnu"))]
type Constructor =
    extern "C" fn(std::ffi::c_int, *const *const std::ffi::c_char, *const *const std::ffi::c_char);

// SAFETY: the loader calls each function in this section once, before `main`. The type is the one that it expects there.
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func,mod_init_funcs"))]
#[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
#[cfg_attr(not(any(target_vendor = "apple", windows)), unsafe(link_section = ".init_array"))]
static ENTRY: Constructor = enter;

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
extern "C" fn enter() {
    serve_if_child(|| run_later_constructors(|constructor| constructor()));
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
extern "C" fn enter(
    count: std::ffi::c_int,
    arguments: *const *const std::ffi::c_char,
    environment: *const *const std::ffi::c_char,
) {
    serve_if_child(|| {
        run_later_constructors(|constructor| constructor(count, arguments, environment));
    });
}

/// Serves calls and does not return, if this process was started as a child. A process that was not reads one variable.
fn serve_if_child(run_later_constructors: impl FnOnce()) {
    let variable = secure_execution::variable(VARIABLE);
    if secure_execution::is_secure_execution() {
        // To ask reports that the variable is ignored.
        #[cfg(feature = "remote")]
        for instead in BEFORE_MAIN {
            let _ignored = (instead.is_asked)();
        }
        return;
    }
    // ORDERING: see `is_in_place`.
    IN_PLACE.store(true, Ordering::Relaxed);
    let child = variable.and_then(|value| child(value.to_str()?));
    if let Some((nonce, connection)) = child {
        run_later_constructors();
        serve::serve(nonce, connection, exit);
    }
    #[cfg(feature = "remote")]
    if let Some(instead) = BEFORE_MAIN.iter().find(|instead| (instead.is_asked)()) {
        run_later_constructors();
        ignore_broken_pipes();
        std::process::exit((instead.run)());
    }
}

/// What a program may do instead of `main`.
#[cfg(feature = "remote")]
pub(crate) struct BeforeMain {
    /// Whether the environment asks for it.
    pub(crate) is_asked: fn() -> bool,
    /// Does it and returns the exit code.
    pub(crate) run: fn() -> i32,
}

/// What this program may do instead of `main`.
#[cfg(feature = "remote")]
#[linkme::distributed_slice]
#[linkme(crate = linkme)]
pub(crate) static BEFORE_MAIN: [BeforeMain];

/// Calls the constructors that the loader would call after this one: bodies and exit handlers may need them.
#[cfg(target_os = "linux")]
fn run_later_constructors(call: impl Fn(Constructor)) {
    unsafe extern "C" {
        /// The linker puts it at the end of the array that contains [`ENTRY`].
        static __init_array_end: usize;
    }
    // From the end of the array, of which the compiler knows nothing. It knows that `ENTRY` is one function, and that
    // there is nothing to read behind it.
    let end = (&raw const __init_array_end).cast::<Constructor>();
    let mut slot = end.with_addr((&raw const ENTRY).addr());
    loop {
        slot = slot.wrapping_add(1);
        if slot.addr() >= end.addr() {
            return;
        }
        // SAFETY: the slot is in the array, which has no holes. It is read as a number, because some linkers pad the array
        // with 0 and -1.
        let address = unsafe { slot.cast::<usize>().read() };
        if address != 0 && address != usize::MAX {
            // SAFETY: all other slots hold functions of this type.
            call(unsafe { slot.read() });
        }
    }
}

/// Other systems have no array of which the end is known.
#[cfg(not(target_os = "linux"))]
fn run_later_constructors(_: impl Fn(Constructor)) {}

static IN_PLACE: AtomicBool = AtomicBool::new(false);

/// Whether this program, started again now, would become a child. Otherwise it would run `main`, and start children of
/// its own.
pub(super) fn is_in_place() -> bool {
    // ORDERING: the loader has run what precedes `main` before any other code of this library runs.
    IN_PLACE.load(Ordering::Relaxed) && !system::starts_secure_programs()
}

/// Returns the nonce and the connection, if the value is for this version and the connection is there.
fn child(value: &str) -> Option<(u128, ChildConnection)> {
    let (nonce, port) = nonce_and_port(value)?;
    let connection = ChildConnection::inherited(port)?;
    // Programs that the body starts are no children, even if they are the same program. If a library started a thread
    // before this code, the variable stays; it makes a child only of a process that gets a socket as input as well.
    if has_one_thread() {
        // SAFETY: no other thread reads the environment, because there is no other thread, and only this one could
        // start one.
        unsafe { std::env::remove_var(VARIABLE) };
    }
    ignore_broken_pipes();
    Some((nonce, connection))
}

/// Makes a write to a pipe without a reader an error instead of the end of the process, as `std` does before `main`.
fn ignore_broken_pipes() {
    #[cfg(unix)]
    // SAFETY: `SIG_IGN` is no function, so nothing has to be safe in a signal handler. `std` changes the disposition in
    // every Rust program, at the same time of its life.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// How long the exit handlers of a child may take while the program lives, and after its end.
const LIMIT: Duration = Duration::from_secs(3);
const ORPHAN_LIMIT: Duration = Duration::from_millis(750);

/// Ends this process by `exit`, which runs exit handlers, and then kills what its bodies have started. Kills it if that
/// takes too long.
///
/// The system may refuse a thread or a process. Then a signal ends the exit handlers, and the program kills the rest. If
/// it has ended, nothing else would.
fn exit() -> ! {
    const STACK: usize = 64 << 10;
    let limiter = thread::Builder::new().name("background-exit".to_owned()).stack_size(STACK);
    let is_limited = limiter.spawn(kill_in_time).is_ok() || kill_by_signal();
    if !is_limited || !(kill_group_after_exit() || system::parent_lives()) {
        system::end_group()
    }
    std::process::exit(0)
}

fn kill_in_time() {
    const PAUSE: Duration = Duration::from_millis(50);
    let start = Instant::now();
    while start.elapsed() < if system::parent_lives() { LIMIT } else { ORPHAN_LIMIT } {
        thread::sleep(PAUSE);
    }
    system::end_group()
}

/// As [`kill_in_time`], for this process alone. `false` where there is no such signal.
#[cfg(unix)]
fn kill_by_signal() -> bool {
    let seconds = u32::try_from(LIMIT.as_secs()).unwrap_or(1);
    // SAFETY: the set is initialized before it is used, and `SIG_DFL` is no function. A body may have changed what the
    // signal does, but no body runs any more.
    unsafe {
        let mut alarm = std::mem::zeroed();
        libc::sigemptyset(&raw mut alarm);
        libc::sigaddset(&raw mut alarm, libc::SIGALRM);
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const alarm, std::ptr::null_mut());
        libc::alarm(seconds);
    }
    true
}

#[cfg(not(unix))]
fn kill_by_signal() -> bool {
    false
}

/// Starts a copy of this process that kills the process group when this process has ended. The program does the same,
/// but may end earlier. `false` if the system refuses it.
#[cfg(unix)]
fn kill_group_after_exit() -> bool {
    use std::os::fd::AsRawFd;

    if !system::leads_group() {
        return true;
    }
    let Ok((end, held)) = std::io::pipe() else { return false };
    // SAFETY: the copy does nothing but the calls below, all of which POSIX allows after `fork`.
    match unsafe { libc::fork() } {
        -1 => false,
        0 => {
            drop(held);
            let mut end = libc::pollfd { fd: end.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            let limit = i32::try_from(LIMIT.as_millis()).unwrap_or(0);
            // SAFETY: `end` is one record, and lives until the call returns; the others take numbers.
            unsafe {
                libc::poll(&raw mut end, 1, limit);
                libc::kill(0, libc::SIGKILL);
                libc::_exit(0)
            }
        }
        _ => {
            // The end of this process closes it.
            std::mem::forget(held);
            true
        }
    }
}

/// The job object kills what the bodies have started.
#[cfg(not(unix))]
fn kill_group_after_exit() -> bool {
    true
}
