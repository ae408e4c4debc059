//! Kinds of hangs, each put into a program of its own, and what its user is told. The guide's page on locks has the table.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use common::{child, watchdog};
use pybackground::sync::{Condvar, Mutex};
use pybackground::{Error, Lazy, Limit, Shared, background, configure, scope, snapshot, spawn};

/// A kind of hang: the program, what it is told, and whether only a report that is asked for tells it.
struct Row {
    kind: &'static str,
    program: fn(),
    told: &'static [&'static str],
    is_reported: bool,
}

const fn row(kind: &'static str, program: fn(), told: &'static [&'static str]) -> Row {
    Row { kind, program, told, is_reported: false }
}

const fn reported(kind: &'static str, program: fn(), told: &'static [&'static str]) -> Row {
    Row { kind, program, told, is_reported: true }
}

const TABLE: &[Row] = &[
    row("join ring", join_ring, &["would never have ended", "break the cycle"]),
    row("self-wait", self_wait, &["would never have ended", "break the cycle"]),
    row("lock and join", lock_and_join, &["for a lock that the thread `", "break the cycle"]),
    row("two locks", two_locks, &["would never have been acquired", "for a lock that"]),
    row("print", print, &["under the lock of standard output", "println!(\"{}\", *x)"]),
    row("scope end", scope_end, &["would never have ended", "no_silent_hang::scope_end`"]),
    row("async ring", async_ring, &[" awaits `no_silent_hang::", "break the cycle"]),
    row(
        "ring through shared calls",
        shared_ring,
        &[" awaits `no_silent_hang::", "break the cycle"],
    ),
    row("ring of joins and awaits", mixed_ring, &[" awaits `no_silent_hang::", " waits for `no_"]),
    row("ring through a signal", signal_ring, &["would never have ended", "break the cycle"]),
    row(
        "handle that is kept",
        kept_handle,
        &["holds the lock of standard output", "release the lock"],
    ),
    row("ring through a flattened call", flattened_ring, &[" awaits `no_silent_hang::", " waits "]),
    row(
        "scope end below a lock",
        scope_end_with_lock,
        &["a closure of its scope at", "for a lock that the thread `"],
    ),
    row("limit", limit, &["waits for a permit of its limit, which `no_silent_hang::"]),
    reported("channel nobody sends to", lost_channel, &["blocked in a lock, channel or condition"]),
    reported("lock of std", lock_of_std, &["blocked in a lock, channel or condition variable"]),
    reported(
        "socket that never answers",
        silent_socket,
        &["receives from the socket to 127.0.0.1:"],
    ),
    reported("stopped child", stopped_child, &["waits for a child process"]),
    reported("lost notification", lost_notification, &["waits for a notification at tests/no_"]),
    reported("async call that nothing wakes", never_woken, &["suspended: `no_silent_hang::sleeps"]),
    reported(
        "scope of a lost channel",
        scope_of_lost_channel,
        &["the end of a scope has been waited for longer"],
    ),
    reported(
        "closure that the thread of a scope runs",
        own_closure,
        &["the end of a scope has been waited for", "blocked in a lock, channel or condition"],
    ),
    reported(
        "lock whose holder hangs",
        lock_of_hanging_body,
        &["a lock has been waited for longer"],
    ),
    reported(
        "notification without a call",
        notification_of_a_thread,
        &["a notification has been waited for longer"],
    ),
    reported("end of all calls", idle_never, &["the end of all calls has been waited for longer"]),
    reported("signal of an async call", signal_of_async, &["`no_silent_hang::sleeps_forever`"]),
    reported(
        "select! of signals",
        select_ring,
        &["blocked in a lock, channel or condition variable"],
    ),
    reported("ring through a `OnceLock`", once_ring, &["blocked in a lock, channel or condition"]),
    reported("lowered limit", lowered_limit, &["suspended: ", "held back by a limit: "]),
    reported("kept waker", kept_waker, &["suspended: `no_silent_hang::keeps_its_waker`"]),
    reported("no thread is left", no_thread_left, &["no thread is left for the queued calls"]),
];

fn show(error: &Error) {
    assert!(error.is_deadlock());
    eprintln!("{error}");
}

fn join_ring() {
    let ((give_x, x_given), (give_y, y_given)) = (channel::<Lazy<()>>(), channel::<Lazy<()>>());
    let waits = |given: std::sync::mpsc::Receiver<Lazy<()>>, tell: std::sync::mpsc::Sender<_>| {
        move || tell.send(Lazy::join(given.recv().unwrap())).unwrap()
    };
    let (tell, told) = channel();
    let (x, y) = (spawn(waits(y_given, tell.clone())), spawn(waits(x_given, tell)));
    give_x.send(x).unwrap();
    give_y.send(y).unwrap();
    told.iter().take(2).filter_map(Result::err).for_each(|error| show(&error));
}

fn self_wait() {
    let ((give, given), (tell, told)) = (channel::<Lazy<()>>(), channel());
    give.send(spawn(move || tell.send(Lazy::join(given.recv().unwrap())).unwrap())).unwrap();
    show(&told.recv().unwrap().unwrap_err());
}

/// Waits until a thread waits for a lock.
fn wait_for_lock_wait() {
    common::wait_until(|| snapshot().to_string().contains("waits for a lock at"));
}

fn lock_and_join() {
    let total = Arc::new(Mutex::new(1));
    let (shared, held) = (total.clone(), total.lock().unwrap());
    let x = spawn(move || *shared.lock().unwrap());
    wait_for_lock_wait();
    show(Lazy::wait(&x).unwrap_err());
    drop(held);
}

fn two_locks() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let (shared, held) = (locks.clone(), locks.0.lock().unwrap());
    let _x = spawn(move || {
        let _held = shared.1.lock().unwrap();
        drop(shared.0.lock());
    });
    wait_for_lock_wait();
    drop(locks.1.lock());
    drop(held);
}

fn print() {
    let (send, receive) = channel();
    let x = spawn(move || {
        receive.recv().unwrap();
        println!("from the body");
        1
    });
    let mut out = std::io::stdout().lock();
    send.send(()).unwrap();
    writeln!(out, "{x}").unwrap();
}

fn scope_end() {
    let ((give, given), (tell, told)) = (channel::<Lazy<()>>(), channel());
    give.send(spawn(move || {
        scope(|s| s.launch(move || tell.send(Lazy::join(given.recv().unwrap())).unwrap()));
    }))
    .unwrap();
    show(&told.recv().unwrap().unwrap_err());
}

#[background]
async fn awaits(given: std::sync::mpsc::Receiver<Lazy<()>>) {
    let other = given.recv().unwrap();
    if let Err(error) = Lazy::outcome(other).await {
        show(&error);
    }
}

fn async_ring() {
    let ((give_x, x_given), (give_y, y_given)) = (channel(), channel());
    let (x, y) = (awaits(y_given), awaits(x_given));
    give_x.send(x).unwrap();
    give_y.send(y).unwrap();
    pybackground::wait_idle(Duration::from_secs(60)).unwrap();
}

fn mixed_ring() {
    let ((give_x, x_given), (give_y, y_given)) = (channel::<Lazy<()>>(), channel());
    let x = awaits(y_given);
    let y = spawn(move || drop(Lazy::join(x_given.recv().unwrap())));
    give_x.send(x).unwrap();
    give_y.send(y).unwrap();
    pybackground::wait_idle(Duration::from_secs(60)).unwrap();
}

fn signal_ring() {
    let ((give, given), (tell, told)) = (channel::<Lazy<()>>(), channel());
    give.send(spawn(move || {
        let own = given.recv().unwrap();
        let received = catch_unwind(AssertUnwindSafe(|| Lazy::signal(&own).recv()));
        tell.send(*received.unwrap_err().downcast::<String>().unwrap()).unwrap();
    }))
    .unwrap();
    eprintln!("{}", told.recv().unwrap());
}

fn kept_handle() {
    let mut out = std::io::stdout().lock();
    let x = spawn(|| {
        println!("from the body");
        1
    });
    writeln!(out, "{}", *x).unwrap();
}

#[background(limit = 1)]
async fn one_at_a_time(depth: u32) {
    if depth > 0 {
        one_at_a_time(depth - 1).await;
    }
}

fn limit() {
    Lazy::into_inner(one_at_a_time(1));
}

fn lost_channel() {
    let (_send, receive) = channel::<()>();
    let _ = spawn(move || receive.recv()).is_ok();
}

fn lock_of_std() {
    let total = Arc::new(std::sync::Mutex::new(1));
    let (shared, held) = (total.clone(), total.lock().unwrap());
    let x = spawn(move || *shared.lock().unwrap());
    assert_eq!(x, *held);
}

fn silent_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let x = spawn(move || TcpStream::connect(address).unwrap().read(&mut [0; 8]).unwrap());
    assert_eq!(x, 8);
}

fn stopped_child() {
    let x = spawn(|| {
        // It ends with its parent's pipe.
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let _open = child.stdin.take();
        child.wait().unwrap().success()
    });
    assert!(*x);
}

fn lost_notification() {
    let x = spawn(|| {
        let (mutex, never) = (Mutex::new(()), Condvar::new());
        drop(never.wait(mutex.lock().unwrap()));
    });
    Lazy::into_inner(x);
}

#[background]
async fn sleeps_forever() {
    std::future::pending::<()>().await;
}

fn never_woken() {
    Lazy::into_inner(sleeps_forever());
}

#[background]
async fn awaits_shared(given: Receiver<Shared<u32>>) -> u32 {
    match Shared::outcome(given.recv().unwrap()).await {
        Ok(other) => *other,
        Err(error) => {
            show(&error);
            1
        }
    }
}

fn shared_ring() {
    let ((give_first, first), (give_second, second)) = (channel(), channel());
    let [first, second] = [first, second].map(|given| Lazy::share(awaits_shared(given)));
    give_first.send(second.clone()).unwrap();
    give_second.send(first.clone()).unwrap();
    assert_eq!(*first, 1);
}

fn flattened_ring() {
    let (give, given) = channel::<Shared<u32>>();
    let joins = move || Shared::wait(&given.recv().unwrap()).map_or(0, |value| *value);
    let call = Lazy::share(Lazy::and_then(spawn(|| ()), |()| spawn(joins)));
    give.send(call.clone()).unwrap();
    show(Shared::wait(&call).unwrap_err());
}

fn scope_end_with_lock() {
    let lock = Mutex::new(());
    let held = lock.lock().unwrap();
    let (start, started) = channel();
    scope(|s| {
        let lock = &lock;
        let call = s.spawn(move || {
            start.send(()).unwrap();
            drop(lock.lock());
        });
        started.recv().unwrap();
        drop(call);
    });
    drop(held);
}

fn scope_of_lost_channel() {
    let ((_send, receive), (start, started)) = (channel::<()>(), channel());
    scope(|s| {
        s.launch(move || {
            start.send(()).unwrap();
            let _ = receive.recv();
        });
        // Its thread is another one.
        started.recv().unwrap();
    });
}

/// The only worker is busy, so the thread of the scope runs the closure.
fn own_closure() {
    configure().max_threads(1).install().unwrap();
    let ((_send, receive), (start, started), (go, goes)) =
        (channel::<()>(), channel(), channel::<()>());
    let _busy = spawn(move || {
        start.send(()).unwrap();
        goes.recv()
    });
    started.recv().unwrap();
    scope(|s| s.launch(move || receive.recv().unwrap()));
    drop(go);
}

fn lock_of_hanging_body() {
    let ((_send, receive), (start, started)) = (channel::<()>(), channel());
    let total = Arc::new(Mutex::new(1));
    let shared = total.clone();
    let _x = spawn(move || {
        let _held = shared.lock().unwrap();
        start.send(()).unwrap();
        receive.recv()
    });
    started.recv().unwrap();
    drop(total.lock());
}

fn notification_of_a_thread() {
    let (mutex, never) = (Mutex::new(()), Condvar::new());
    drop(never.wait(mutex.lock().unwrap()));
}

fn idle_never() {
    let (_send, receive) = channel::<()>();
    let _call = spawn(move || receive.recv());
    let _ = pybackground::wait_idle(Duration::MAX);
}

fn signal_of_async() {
    let call = sleeps_forever();
    let _ = Lazy::signal(&call).recv();
}

fn select_ring() {
    let (give, given) = channel::<Shared<()>>();
    let call = Lazy::share(spawn(move || {
        let own = Shared::signal(&given.recv().unwrap());
        // As a `select!` of it: the runtime knows nothing of the wait.
        let own: &pybackground::crossbeam_channel::Receiver<()> = &own;
        let _ = own.recv();
    }));
    give.send(call.clone()).unwrap();
    let _ = Shared::wait(&call);
}

fn once_ring() {
    static ONCE: OnceLock<u32> = OnceLock::new();

    ONCE.get_or_init(|| Lazy::into_inner(spawn(|| *ONCE.get_or_init(|| 1))));
}

static LOWERED: Limit = Limit::new(2);

#[background(limit = LOWERED)]
async fn awaits_with_permit(given: Receiver<Shared<u32>>) -> u32 {
    *given.recv().unwrap().await
}

/// Two bodies have permits when one is left. They await a call that needs it.
fn lowered_limit() {
    let (senders, bodies): (Vec<_>, Vec<_>) = (0..2)
        .map(|_| {
            let (give, given) = channel();
            (give, awaits_with_permit(given))
        })
        .unzip();
    common::wait_until(|| snapshot().stacks.len() == 2);
    LOWERED.set(1);
    let (give, given) = channel();
    let needs_permit = Lazy::share(awaits_with_permit(given));
    give.send(Lazy::share(spawn(|| 1))).unwrap();
    for give in senders {
        give.send(needs_permit.clone()).unwrap();
    }
    for body in bodies {
        let _ = Lazy::join(body);
    }
}

#[background]
async fn keeps_its_waker(given: Receiver<Shared<u32>>) -> u32 {
    let mut own = Shared::outcome(given.recv().unwrap());
    let mut kept = None;
    std::future::poll_fn(|context| {
        kept = Some(context.waker().clone());
        Pin::new(&mut own).poll(context)
    })
    .await
    .map_or(0, |value| *value)
}

fn kept_waker() {
    let (give, given) = channel();
    let call = Lazy::share(keeps_its_waker(given));
    give.send(call.clone()).unwrap();
    let _ = Shared::wait(&call);
}

fn no_thread_left() {
    configure().max_threads(1).install().unwrap();
    let ((start, started), (send, receive)) = (channel(), channel());
    let receives = spawn(move || {
        start.send(()).unwrap();
        receive.recv().unwrap()
    });
    started.recv().unwrap();
    let sends = spawn(move || send.send(1).unwrap());
    Lazy::into_inner(sends);
    assert_eq!(receives, 1);
}

const KIND: &str = "PYBACKGROUND_TEST_HANG";

/// Runs the program that the parent names, in the child; nothing in the parent.
#[test]
fn program_of_the_child() {
    let Ok(kind) = std::env::var(KIND) else { return };
    let row = TABLE.iter().find(|row| row.kind == kind).unwrap();
    let _ended = catch_unwind(AssertUnwindSafe(row.program));
    std::process::exit(0);
}

/// Runs the program until it has told all that it has to, or has ended. Returns what it told.
fn told_by(row: &Row) -> String {
    let mut command = child::command("program_of_the_child");
    command.env(KIND, row.kind).env("RUST_BACKTRACE", "0").stdout(Stdio::null());
    if row.is_reported {
        // There is one report of a wait: it is made when each thread is where it blocks, on a busy machine too.
        command.env("PYBACKGROUND_REPORT_AFTER", "10");
    }
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !row.told.iter().all(|part| told.contains(part)) {
        if lines.read_line(&mut told).unwrap() == 0 {
            break;
        }
    }
    let _ended = child.kill();
    child.wait().unwrap();
    told
}

#[test]
fn each_kind_of_hang_is_told() {
    let _watchdog = watchdog();
    thread::scope(|s| {
        let programs: Vec<_> =
            TABLE.iter().map(|row| s.spawn(move || (row, told_by(row)))).collect();
        for program in programs {
            let (Row { kind, told, .. }, text) = program.join().unwrap();
            for part in *told {
                assert!(text.contains(part), "{kind}: `{part}` is missing in: {text}");
            }
        }
    });
}
