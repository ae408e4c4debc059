//! Programs that print a value whose body prints too, and programs that only look like that.
//!
//! Each is a process of its own, because the streams are those of the process. Every program of the first kind ends with
//! the error that says what to write. Every program of the second kind is sound and has to stay silent.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod common;

use std::fmt::{self, Write as _};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use common::{child, watchdog};
use pybackground::sync::Mutex;
use pybackground::{Lazy, Shared, as_completed, background, configure, scope, sleep, spawn};

/// Written into a message before a value: lets the body of the value print now that the lock is held.
struct Release(Sender<()>);

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.send(()).unwrap();
        f.write_str("printed: ")
    }
}

fn gate() -> (Release, Receiver<()>) {
    let (release, may_print) = channel();
    (Release(release), may_print)
}

#[background]
fn prints(may_print: Receiver<()>) -> u32 {
    may_print.recv().unwrap();
    println!("from the body");
    10
}

#[background]
fn warns(may_print: Receiver<()>) -> u32 {
    may_print.recv().unwrap();
    eprintln!("from the body");
    10
}

/// A callee of the body that prints.
fn log(text: &str) {
    println!("log: {text}");
}

#[background]
fn logs(may_print: Receiver<()>) -> u32 {
    may_print.recv().unwrap();
    log("from the callee");
    10
}

/// A logger as many crates have it: it formats under its lock.
static LOGGER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn log_locked(arguments: fmt::Arguments<'_>) {
    writeln!(LOGGER.lock().unwrap(), "{arguments}").unwrap();
}

#[background]
fn logs_locked(may_print: Receiver<()>) -> u32 {
    may_print.recv().unwrap();
    log_locked(format_args!("from the body"));
    10
}

type Program = (&'static str, fn());

const HANGING: &[Program] = &[
    ("display", || {
        let (release, may) = gate();
        let x = prints(may);
        println!("{release}{x}");
    }),
    ("debug", || {
        let (release, may) = gate();
        let x = prints(may);
        println!("{release}{x:?}");
    }),
    ("number format", || {
        let (release, may) = gate();
        let x = prints(may);
        println!("{release}{x:#x}");
    }),
    ("width and precision", || {
        let (release, may) = gate();
        let x = prints(may);
        println!("{release}{x:>10}");
    }),
    ("standard error", || {
        let (release, may) = gate();
        let x = warns(may);
        eprintln!("{release}{x}");
    }),
    ("print without a newline", || {
        let (release, may) = gate();
        let x = prints(may);
        print!("{release}{x}");
    }),
    ("locked handle", || {
        let (release, may) = gate();
        let x = prints(may);
        let mut out = std::io::stdout().lock();
        write!(out, "{release}{x}").unwrap();
    }),
    ("locked standard error", || {
        let (release, may) = gate();
        let x = warns(may);
        let mut out = std::io::stderr().lock();
        writeln!(out, "{release}{x:?}").unwrap();
    }),
    ("callee of the body", || {
        let (release, may) = gate();
        let x = logs(may);
        println!("{release}{x}");
    }),
    ("callee, debug", || {
        let (release, may) = gate();
        let x = logs(may);
        println!("{release}{x:?}");
    }),
    ("callee of a nested call", || {
        let (release, may) = gate();
        let (start, started) = channel();
        let inner = Lazy::share(logs(may));
        let awaited = inner.clone();
        let x = spawn(move || {
            start.send(()).unwrap();
            *awaited + 1
        });
        started.recv().unwrap();
        println!("{release}{x}");
    }),
    ("list of values", || {
        let (release, may) = gate();
        let all = vec![prints(may), spawn(|| 1)];
        println!("{release}{all:?}");
    }),
    ("list, callee", || {
        let (release, may) = gate();
        let all = [logs(may)];
        println!("{release}{all:?}");
    }),
    ("option of a value", || {
        let (release, may) = gate();
        let x = Some(prints(may));
        println!("{release}{x:?}");
    }),
    ("shared value", || {
        let (release, may) = gate();
        let x: Shared<u32> = Lazy::share(prints(may));
        println!("{release}{x}");
    }),
    ("shared value, callee", || {
        let (release, may) = gate();
        let x: Shared<u32> = Lazy::share(logs(may));
        println!("{release}{x:?}");
    }),
    ("closure of a scope", || {
        let word = String::from("word");
        let (release, may) = gate();
        scope(|s| {
            let (start, started) = channel();
            let word = &word;
            let x = s.spawn(move || {
                start.send(()).unwrap();
                may.recv().unwrap();
                log(word);
                1
            });
            started.recv().unwrap();
            println!("{release}{x}");
        });
    }),
    ("inside another body", || {
        let (release, may) = gate();
        let (start, started) = channel();
        let inner = spawn(move || {
            start.send(()).unwrap();
            may.recv().unwrap();
            log("from the callee");
            1
        });
        started.recv().unwrap();
        let outer = spawn(move || println!("{release}{inner}"));
        Lazy::into_inner(outer);
    }),
    ("queued behind bodies that print", || {
        configure().workers(1).max_threads(2).install().unwrap();
        let ((release, may), (release_other, may_other)) = (gate(), gate());
        let _busy = (prints(may), logs(may_other));
        let x = spawn(|| 1);
        println!("{release}{release_other}{x}");
    }),
    ("behind a call that is queued behind bodies that print", || {
        configure().workers(1).max_threads(1).install().unwrap();
        let (release, may) = gate();
        let _busy = logs(may);
        let x = Lazy::map(spawn(|| 1), |one| one + 1);
        println!("{release}{x:?}");
    }),
    ("handle that is kept, value beside the format", || {
        let (release, may) = gate();
        let x = prints(may);
        let mut out = std::io::stdout().lock();
        release.0.send(()).unwrap();
        writeln!(out, "{}", *x).unwrap();
    }),
    ("handle that is kept, join", || {
        let (release, may) = gate();
        let x = warns(may);
        let mut out = std::io::stderr().lock();
        release.0.send(()).unwrap();
        writeln!(out, "{}", Lazy::join(x).unwrap_err()).unwrap();
    }),
    ("handle that is kept, results as they come", || {
        let gates = [gate(), gate()];
        let (releases, calls): (Vec<_>, Vec<_>) =
            gates.into_iter().map(|(release, may)| (release, logs(may))).unzip();
        let mut out = std::io::stdout().lock();
        for release in &releases {
            release.0.send(()).unwrap();
        }
        for (_, result) in as_completed(calls) {
            match result {
                Ok(value) => writeln!(out, "{value}").unwrap(),
                Err(error) => panic!("{error}"),
            }
        }
    }),
    ("logger of the program", || {
        let (release, may) = gate();
        let x = logs_locked(may);
        log_locked(format_args!("{release}{x}"));
    }),
    ("logger of the program, debug", || {
        let (release, may) = gate();
        let x = logs_locked(may);
        log_locked(format_args!("{release}{x:?}"));
        LOGGER.lock().map(|log| std::io::stderr().write_all(&log)).unwrap().unwrap();
    }),
];

const SOUND: &[Program] = &[
    ("value first", || {
        let (release, may) = gate();
        let x = prints(may);
        release.0.send(()).unwrap();
        println!("{}", *x);
    }),
    ("format to a string", || {
        let (release, may) = gate();
        let x = prints(may);
        assert_eq!(format!("{release}{x}"), "printed: 10");
    }),
    ("write to a string", || {
        let (release, may) = gate();
        let (x, mut text) = (prints(may), String::new());
        write!(text, "{release}{x:?}").unwrap();
        assert_eq!(text, "printed: 10");
    }),
    ("body that prints to the other stream", || {
        let (release, may) = gate();
        let x = warns(may);
        println!("{release}{x}");
    }),
    ("body that prints nothing and is slow", || {
        let x = spawn(|| {
            thread::sleep(Duration::from_millis(1200));
            1
        });
        println!("{x}");
    }),
    ("body that waits for a channel", || {
        let (send, receive) = channel();
        let x = spawn(move || receive.recv().unwrap() + 1);
        let sender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(1200));
            send.send(1).unwrap();
        });
        println!("{x}");
        sender.join().unwrap();
    }),
    ("lock that another thread holds for long", || {
        let (locked, is_locked) = channel();
        let holder = thread::spawn(move || {
            let _out = std::io::stdout().lock();
            locked.send(()).unwrap();
            thread::sleep(Duration::from_millis(1500));
        });
        is_locked.recv().unwrap();
        let (release, may) = gate();
        let x = prints(may);
        assert_eq!(format!("{release}{x}"), "printed: 10");
        holder.join().unwrap();
    }),
    ("body blocked in a lock of std", || {
        let lock = Arc::new(std::sync::Mutex::new(1));
        let (shared, held) = (lock.clone(), lock.lock().unwrap());
        let x = spawn(move || *shared.lock().unwrap());
        let printer = thread::spawn(move || println!("{x}"));
        thread::sleep(Duration::from_millis(1500));
        drop(held);
        printer.join().unwrap();
    }),
    ("many threads print", || {
        let calls: Vec<Lazy<usize>> = (0..50)
            .map(|n| {
                spawn(move || {
                    println!("body {n}");
                    n
                })
            })
            .collect();
        let printers: Vec<_> =
            calls.into_iter().map(|x| thread::spawn(move || println!("value {}", *x))).collect();
        for printer in printers {
            printer.join().unwrap();
        }
    }),
    ("queued behind a body that prints and one that sleeps", || {
        configure().workers(1).max_threads(2).install().unwrap();
        let (release, may) = gate();
        let _busy = (prints(may), spawn(|| thread::sleep(Duration::from_millis(1500))));
        let x = spawn(|| 1);
        println!("{release}{x}");
    }),
    ("handle that is kept, slow body", || {
        let x = spawn(|| {
            thread::sleep(Duration::from_millis(1300));
            1
        });
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", *x).unwrap();
    }),
    ("handle that is kept, body that prints to the other stream and waits for a channel", || {
        let (send, receive) = channel();
        let x = spawn(move || {
            eprintln!("from the body");
            receive.recv().unwrap() + 1
        });
        let sender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(1300));
            send.send(1).unwrap();
        });
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", *x).unwrap();
        sender.join().unwrap();
    }),
    ("body that gives up one that prints", || {
        let (release, may) = gate();
        let inner = prints(may);
        let x = spawn(move || Lazy::wait_timeout(&inner, Duration::from_millis(1500)).is_none());
        println!("{release}{x}");
    }),
    ("value that is ready", || {
        let x = Lazy::<u32>::ready(1);
        println!("{x} {x:?}");
    }),
    ("value that has ended", || {
        let (release, may) = gate();
        let x = prints(may);
        release.0.send(()).unwrap();
        assert!(Lazy::wait(&x).is_ok());
        println!("{x}");
    }),
    ("wait with a time limit under the lock", || {
        let (release, may) = gate();
        let x = prints(may);
        let mut out = std::io::stdout().lock();
        release.0.send(()).unwrap();
        assert!(Lazy::wait_timeout(&x, Duration::from_millis(1500)).is_none());
        writeln!(out, "given up").unwrap();
    }),
    ("call with a timeout under the lock", || {
        let (release, may) = gate();
        let (start, started) = channel();
        let x = spawn(move || {
            start.send(()).unwrap();
            may.recv().unwrap();
            log("from the callee");
            1
        });
        // A call that has not begun in time would drop its end of the gate.
        started.recv().unwrap();
        let x = Lazy::with_timeout(x, Duration::from_millis(1500));
        println!("{release}{x}");
    }),
    ("nested prints of one thread", || {
        struct Prints(Lazy<u32>);
        impl fmt::Display for Prints {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                log("from the formatter");
                write!(f, "{}", self.0)
            }
        }
        println!("{}", Prints(spawn(|| 1)));
    }),
    ("results as they come", || {
        for (at, result) in as_completed((0..10).map(|n| {
            spawn(move || {
                println!("body {n}");
                n
            })
        })) {
            println!("{at}: {}", result.unwrap());
        }
    }),
    ("scope that prints", || {
        let words = ["some", "words"];
        scope(|s| {
            for word in &words {
                s.launch(move || println!("{word}"));
            }
            println!("in the scope");
        });
    }),
    ("failed call", || {
        std::panic::set_hook(Box::new(|_| {}));
        let x = spawn(|| -> u32 { panic!("meant") });
        println!("{x:?}");
    }),
    ("cancelled call", || {
        let x = spawn(|| sleep(Duration::from_secs(3600)));
        Lazy::cancel(&x);
        println!("{x:?}");
    }),
    ("logger that is given the value", || {
        let (release, may) = gate();
        let x = logs_locked(may);
        release.0.send(()).unwrap();
        log_locked(format_args!("{}", *x));
    }),
    ("full pipe to a slow reader", || {
        let line = "0123456789".repeat(20);
        for n in 0..2000 {
            let x = spawn(move || n);
            println!("{line}{x}");
        }
    }),
];

const PROGRAM: &str = "PYBACKGROUND_TEST_PROGRAM";

/// Runs the program that the parent names, in the child; nothing in the parent.
#[test]
fn program_of_the_child() {
    let Ok(name) = std::env::var(PROGRAM) else { return };
    let (_, program) = HANGING.iter().chain(SOUND).find(|(known, _)| *known == name).unwrap();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(program)) {
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        let _ = writeln!(std::io::stderr(), "panicked with: {text}");
    }
    std::process::exit(0);
}

fn run(name: &str) -> Output {
    let mut command = child::command("program_of_the_child");
    command.env(PROGRAM, name).env("RUST_BACKTRACE", "0").output().unwrap()
}

/// Runs the programs, some at a time, and returns what each printed.
fn run_all(programs: &'static [Program]) -> Vec<(&'static str, String)> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut told = Vec::new();
        while let Some((name, _)) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let output = run(name);
            assert!(output.status.success(), "{name}: {}", child::told(&output));
            told.push((*name, child::told(&output)));
        }
        told
    };
    thread::scope(|s| {
        let threads: Vec<_> = (0..5).map(|_| s.spawn(take)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn program_that_prints_under_a_lock_its_body_needs_ends_with_an_explanation() {
    let _watchdog = watchdog();
    let told = run_all(HANGING);
    assert_eq!(told.len(), HANGING.len());
    for (name, text) in told {
        assert!(text.contains("(called at tests/printing_variations.rs:"), "{name}: {text}");
        let (what, advice) = if name.starts_with("logger") {
            ("for a lock that", "break the cycle")
        } else if name.starts_with("handle") {
            ("holds the lock of standard ", "release the lock before")
        } else {
            ("under the lock of standard ", "println!(\"{}\", *x)")
        };
        assert!(text.contains(what) && text.contains(advice), "{name}: {text}");
        let mut lines = text.lines().filter(|line| line.contains("would never have ended"));
        assert!(lines.all(|line| !line.contains("forward/format.rs")), "{name}: {text}");
    }
}

/// Keeps all processors busy until this is dropped.
struct Load {
    is_over: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn start() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let processors = thread::available_parallelism().map_or(2, usize::from);
        let burn = || {
            let is_over = is_over.clone();
            thread::spawn(move || while !is_over.load(Ordering::Relaxed) {})
        };
        let threads = (0..2 * processors).map(|_| burn()).collect();
        Self { is_over, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

fn all_sound_programs_are_silent() {
    let told = run_all(SOUND);
    assert_eq!(told.len(), SOUND.len());
    for (name, text) in told {
        for alarm in ["panicked with", "would never", "pybackground:"] {
            // In a test, what lasts for seconds on a busy machine looks like a wait for the captured text.
            let mut lines = text.lines().filter(|line| !line.contains("A test captures"));
            assert!(lines.all(|line| !line.contains(alarm)), "{name}: {text}");
        }
    }
}

#[test]
fn sound_program_is_silent() {
    let _watchdog = watchdog();
    all_sound_programs_are_silent();
}

/// For as many seconds as the variable says, which `.ci/long sound` sets.
#[test]
fn sound_program_is_silent_under_load() {
    let seconds = std::env::var("PYBACKGROUND_SOUND_SECONDS").ok();
    let Some(seconds) = seconds.and_then(|seconds| seconds.parse().ok()) else { return };
    let (begin, _load, mut rounds) = (Instant::now(), Load::start(), 0);
    while begin.elapsed() < Duration::from_secs(seconds) {
        all_sound_programs_are_silent();
        rounds += 1;
    }
    println!("{rounds} rounds of {} programs were silent", SOUND.len());
}
