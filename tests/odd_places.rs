//! Programs that print, log, lock or join where one would not expect it. Each is a process of its own, which has to end, or to say
//! why it does not.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod common;

use std::cell::RefCell;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, LazyLock, Mutex, OnceLock};
use std::thread;

use common::{child, watchdog};
use pybackground::{Lazy, all, as_completed, background, scope, spawn, sync};

/// What the program says before it hangs or ends. It says nothing that begins with `pybackground:` if this is empty.
struct Row {
    name: &'static str,
    program: fn(),
    says: &'static str,
    /// Whether the program ends.
    ends: bool,
}

const fn ends(name: &'static str, program: fn(), says: &'static str) -> Row {
    Row { name, program, says, ends: true }
}

const fn hangs(name: &'static str, program: fn(), says: &'static str) -> Row {
    Row { name, program, says, ends: false }
}

#[background]
fn noisy(n: u32) -> u32 {
    println!("start {n}");
    thread::sleep(std::time::Duration::from_millis(50));
    println!("end {n}");
    n * 10
}

struct PrintsWhenDropped(Lazy<u32>);

impl Drop for PrintsWhenDropped {
    fn drop(&mut self) {
        println!("dropped {}", *self.0);
    }
}

struct JoinsInDisplay;

impl fmt::Display for JoinsInDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..3).map(noisy).try_for_each(|x| write!(f, "{} ", Lazy::into_inner(x)))
    }
}

static TABLE_OF_FIRST_USE: LazyLock<u32> = LazyLock::new(|| *spawn(|| *TABLE_OF_FIRST_USE + 1));
static ONCE: OnceLock<u32> = OnceLock::new();

thread_local! {
    static AT_END: RefCell<Option<PrintsWhenDropped>> = const { RefCell::new(None) };
}

const PROGRAMS: &[Row] = &[
    ends("print in a destructor", || drop(PrintsWhenDropped(noisy(1))), ""),
    ends(
        "print in a destructor of a thread-local",
        || {
            let keep =
                || AT_END.with(|at_end| *at_end.borrow_mut() = Some(PrintsWhenDropped(noisy(1))));
            thread::spawn(keep).join().unwrap();
        },
        "",
    ),
    ends(
        "join in a formatter of the user",
        || {
            println!("{JoinsInDisplay}");
        },
        "holds the lock of standard output",
    ),
    ends(
        "print in the panic hook",
        || {
            let x = Lazy::share(noisy(1));
            std::panic::set_hook(Box::new(move |_| println!("{x} {x:?}")));
            let _ = catch_unwind(|| panic!("meant"));
        },
        "",
    ),
    ends("dbg!", || assert_eq!(*dbg!(noisy(1)), 10), ""),
    ends("assertion with a message", || assert!(*noisy(1) == 10, "{:?}", noisy(2)), ""),
    ends(
        "loop that prints each value first",
        || {
            for x in (0..3).map(noisy).collect::<Vec<_>>() {
                println!("{}", *x);
            }
        },
        "",
    ),
    ends(
        "handle that is kept around a loop",
        || {
            let mut out = std::io::stdout().lock();
            // The bodies cannot print before this thread waits.
            for x in (0..3).map(noisy).collect::<Vec<_>>() {
                writeln!(out, "{}", *x).unwrap();
            }
        },
        "holds the lock of standard output",
    ),
    ends(
        "handle that is kept around all",
        || {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{:?}", all((0..3).map(noisy))).unwrap();
        },
        "holds the lock of standard output",
    ),
    ends(
        "handle that is kept around results as they come",
        || {
            let mut out = std::io::stdout().lock();
            for (at, result) in as_completed((0..3).map(noisy)) {
                writeln!(out, "{at} {}", result.unwrap()).unwrap();
            }
        },
        "holds the lock of standard output",
    ),
    hangs(
        "handle that is kept around a scope",
        || {
            let mut out = std::io::stdout().lock();
            let (start, started) = channel();
            scope(|s| {
                s.launch(move || {
                    start.send(()).unwrap();
                    println!("from the closure");
                });
                // Else this thread runs the closure itself, which then may print.
                started.recv().unwrap();
            });
            writeln!(out, "after the scope").unwrap();
        },
        "holds the lock of standard output",
    ),
    ends(
        "lock of the crate around a join",
        || {
            let total = Arc::new(sync::Mutex::new(0));
            let shared = total.clone();
            let mut held = total.lock().unwrap();
            *held += *spawn(move || *shared.lock().unwrap() + 1);
        },
        "for a lock that",
    ),
    hangs(
        "lock of std around a join",
        || {
            let total = Arc::new(Mutex::new(0));
            let shared = total.clone();
            let mut held = total.lock().unwrap();
            *held += *spawn(move || *shared.lock().unwrap() + 1);
        },
        "blocked in a lock, channel or condition variable",
    ),
    hangs(
        "static that needs itself through a call",
        || println!("{}", *TABLE_OF_FIRST_USE),
        "blocked in a lock, channel or condition variable",
    ),
    hangs(
        "cell that is set by a call which reads it",
        || {
            let first = || *spawn(|| *ONCE.get_or_init(|| 1));
            println!("{}", ONCE.get_or_init(first));
        },
        "blocked in a lock, channel or condition variable",
    ),
    hangs(
        "condition that nothing brings about",
        || {
            let pair = (Mutex::new(false), Condvar::new());
            let x = spawn(move || {
                drop(pair.1.wait_while(pair.0.lock().unwrap(), |is_set| !*is_set));
            });
            Lazy::into_inner(x);
        },
        "blocked in a lock, channel or condition variable",
    ),
    hangs(
        "channel whose sender waits for the receiver",
        || {
            let (send, receive) = channel();
            let x = spawn(move || receive.iter().sum::<u32>());
            send.send(1).unwrap();
            println!("{}", *x);
            drop(send);
        },
        "blocked in a lock, channel or condition variable",
    ),
];

const PROGRAM: &str = "PYBACKGROUND_TEST_PROGRAM";

/// Runs the program that the parent names, in the child; nothing in the parent.
#[test]
fn program_of_the_child() {
    let Ok(name) = std::env::var(PROGRAM) else { return };
    let row = PROGRAMS.iter().find(|row| row.name == name).unwrap();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(row.program)) {
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        let _ = writeln!(std::io::stderr(), "panicked with: {text}");
    }
    std::process::exit(0);
}

/// Runs the program until it has said what it has to, and has ended if it ends. Returns what it said.
fn said_by(row: &Row) -> String {
    let mut command: Command = child::command("program_of_the_child");
    command.env(PROGRAM, row.name).env("RUST_BACKTRACE", "0").stdout(Stdio::null());
    if !row.ends {
        // There is one report of a wait: it is made when each thread is where it blocks, on a busy machine too.
        command.env("PYBACKGROUND_REPORT_AFTER", "10");
    }
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while row.ends || !said.contains(row.says) {
        if lines.read_line(&mut said).unwrap() == 0 {
            break;
        }
    }
    if !row.ends {
        let _ended = child.kill();
    }
    let status = child.wait().unwrap();
    assert!(!row.ends || status.success(), "{}: {status}: {said}", row.name);
    said
}

#[test]
fn program_ends_or_says_why_not() {
    let _watchdog = watchdog();
    thread::scope(|s| {
        let programs: Vec<_> =
            PROGRAMS.iter().map(|row| s.spawn(move || (row, said_by(row)))).collect();
        for program in programs {
            let (Row { name, says, ends, .. }, text) = program.join().unwrap();
            assert!(text.contains(says), "{name}: `{says}` is missing in: {text}");
            let is_silent = !text.contains("would never") && !text.contains("pybackground:");
            assert!(!says.is_empty() || is_silent, "{name}: {text}");
            assert!(*ends || !text.contains("panicked with"), "{name}: {text}");
        }
    });
}
