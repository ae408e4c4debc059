//! The child's side: greets the program, runs one call after the other, and ends with the program.
//!
//! ```text
//! main thread           waits until the connection breaks ──┬─ a body runs: kills the process group
//!                                                           └─ none does: exits
//! background-call       greeting ── call, Begun, body, reply ── call, Begun, body, reply ── ..
//! ```
//!
//! The connection breaks when the program retires this child, when it stops the call, and when it ends. `main` has
//! not run and never does.

use std::io::{self, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::access::Access;
use super::codec::reply_with;
use super::frame::{self, Broken, CallHead, Hello, News, Panic, ReplyHead, ReplyKind};
use super::function;
use super::health::Health;
use super::system::{self, ChildConnection};
use crate::panic;

/// The stack of the thread that runs the bodies, unless `RUST_MIN_STACK` is set.
const STACK: usize = 8 << 20;

/// The exit code of a child that lost its connection: an input or output error, in `sysexits.h`.
const LOST_CONNECTION: i32 = 74;

/// Whether a body runs.
static RUNS_BODY: AtomicBool = AtomicBool::new(false);

/// Whether this process is a child.
#[cfg(feature = "remote")]
static IS_CHILD: AtomicBool = AtomicBool::new(false);

/// Whether this process is a child.
#[cfg(feature = "remote")]
pub(crate) fn is_child() -> bool {
    IS_CHILD.load(Ordering::Relaxed)
}

/// Serves calls until the connection breaks, and ends the process: by `exit` if no body runs.
pub(super) fn serve(nonce: u128, mut connection: ChildConnection, exit: fn() -> !) -> ! {
    #[cfg(feature = "remote")]
    IS_CHILD.store(true, Ordering::Relaxed);
    note_panics();
    // The first call notes which process that is.
    let _ = system::parent_lives();
    system::show_name();
    let started = connection.second().and_then(|calls| {
        let watch = connection.watch()?;
        let ready = News::Ready {
            fingerprint: function::fingerprint(),
            directory: Access::now().directory,
        };
        let greeting = Hello { nonce, news: ready }.to_bytes();
        start(move || greet_and_run(calls, &greeting))?;
        Ok(watch)
    });
    match &started {
        // Not dropped: a body may have given the number of its descriptor to another file.
        Ok(watch) => watch.wait(),
        Err(error) => {
            let refused = News::Refused { error: error.raw_os_error() };
            // An error says that the program is gone.
            let _ = connection.write_all(&Hello { nonce, news: refused }.to_bytes());
        }
    }
    // ORDERING: the connection breaks after the program has read the reply, which the other thread writes after the
    // store. If it breaks earlier, either end is right.
    if RUNS_BODY.load(Ordering::Acquire) {
        system::end_group()
    }
    exit()
}

/// Starts the thread that runs the bodies.
fn start(run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut builder = thread::Builder::new().name("background-call".to_owned());
    if std::env::var_os("RUST_MIN_STACK").is_none() {
        builder = builder.stack_size(STACK);
    }
    builder.spawn(run).map(drop)
}

/// Sends the greeting, and runs calls until the connection ends.
///
/// This thread sends the greeting because there is no child without it: in a program that is still loading the library
/// with this code, the loader may block the thread, and no call would ever run.
fn greet_and_run(mut connection: ChildConnection, greeting: &[u8]) {
    if connection.write_all(greeting).is_err() {
        return;
    }
    let this = std::process::id();
    let mut health = Health::at_start();
    let mut connection = BufReader::new(connection);
    while let Some((head, arguments)) = next_call(&mut connection) {
        let mut reply = match health.admit(head.memory) {
            Some(memory) => {
                panic::forget_sites();
                // ORDERING: see `serve`.
                RUNS_BODY.store(true, Ordering::Release);
                let begun = ReplyHead { number: head.number, kind: ReplyKind::Begun, length: 0 };
                // The call was read from the connection a moment ago, so this still is the connection.
                if connection.get_mut().write_all(&begun.to_bytes()).is_err() {
                    return;
                }
                let ran = run(&CallHead { memory, ..head }, arguments);
                if std::process::id() != this {
                    // A copy of the process that the body made. The original answers.
                    system::end_process();
                }
                // So that killing the process later loses no output.
                let _ = io::stdout().flush();
                reply_of(ran)
            }
            None => reply_with(ReplyKind::Declined, &()),
        };
        // ORDERING: see the thread that finds the connection broken.
        RUNS_BODY.store(false, Ordering::Release);
        frame::number(&mut reply, head.number);
        if !send(&mut connection, &reply) {
            return;
        }
        health.check_after_body();
    }
    if !connection.get_ref().is_intact() {
        exit_without_connection();
    }
}

/// Reads a call and its arguments. `None` if the connection ended.
fn next_call(connection: &mut BufReader<ChildConnection>) -> Option<(CallHead, Vec<u8>)> {
    let mut head = [0; CallHead::LENGTH];
    connection.read_exact(&mut head).ok()?;
    let head = CallHead::from_bytes(&head);
    let arguments = frame::rest(connection, head.length).ok()?;
    Some((head, arguments))
}

/// Writes to the connection; `false` if it ended. The program waits for a reply before it sends more, so the reader's
/// buffer is empty.
fn send(connection: &mut BufReader<ChildConnection>, bytes: &[u8]) -> bool {
    if !connection.get_ref().is_intact() {
        exit_without_connection();
    }
    connection.get_mut().write_all(bytes).is_ok()
}

/// Ends a process that cannot answer: its descriptor may be a file of the user's by now.
fn exit_without_connection() -> ! {
    let _ = writeln!(
        io::stderr(),
        "pybackground: a body closed the connection to the program that called it; \
         it must not close descriptors that it did not open"
    );
    std::process::exit(LOST_CONNECTION)
}

/// The outcome of a body; `None` if the function is unknown.
type BodyResult = Option<thread::Result<Result<Vec<u8>, Broken>>>;

fn run(head: &CallHead, arguments: Vec<u8>) -> BodyResult {
    let function = function::at(head.function)?;
    let _limited = system::limit_memory(head.memory);
    Some(catch_unwind(AssertUnwindSafe(|| {
        let outcome = function.run(&arguments);
        drop(arguments);
        outcome
    })))
}

fn reply_of(ran: BodyResult) -> Vec<u8> {
    match ran {
        None => {
            let why = "the other program has another list of functions".to_owned();
            reply_with(ReplyKind::BadArguments, &why)
        }
        Some(Ok(Ok(frame))) => frame,
        Some(Ok(Err(Broken { kind, why }))) => reply_with(kind, &why),
        Some(Err(payload)) => {
            let panic = Panic {
                message: panic::text_of(&*payload).map(str::to_owned),
                at: panic::site_of(&*payload).map(|site| site.at),
            };
            // Its destructor is the user's, and may panic as well.
            panic::drop_catching(payload);
            reply_with(ReplyKind::Panicked, &panic)
        }
    }
}

/// Keeps the location of each panic, which only the hook sees.
fn note_panics() {
    panic::remember_sites();
    let next = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // The hook of `std` deadlocks if the memory for a backtrace is refused.
        system::make_room_for_report();
        next(panic);
    }));
}
