//! The child's side: greets, runs one call after the other, and ends with the parent.

use std::cell::RefCell;
use std::io::{self, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use serde::{Deserialize, Serialize};

use super::codec::reply_with;
use super::condition::Condition;
use super::failure::Broken;
use super::frame::{self, CallHead, Hello, Kind, News};
use super::function;
use super::system::{self, Link};
use crate::error::text_of;

/// The stack of the thread that runs the bodies, unless `RUST_MIN_STACK` says otherwise.
const STACK: usize = 8 << 20;

/// The exit code of a process that lost its connection: an error of input and output, in `sysexits.h`.
const LOST_LINK: i32 = 74;

/// What is told of a panic.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Panic {
    /// None if its payload is no text.
    pub(super) message: Option<String>,
    /// The file, line and column.
    pub(super) at: Option<String>,
}

thread_local! {
    /// Where this thread panicked last.
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Serves calls until the parent is gone, and ends the process then.
pub(super) fn serve(nonce: u128, mut link: Link) -> ! {
    note_panics();
    system::show_name();
    let started = link.second().and_then(|calls| {
        let watch = link.watch()?;
        let ready = News::Ready { fingerprint: function::fingerprint() };
        let greeting = Hello { nonce, news: ready }.to_bytes();
        start(move || greet_and_run(calls, &greeting))?;
        Ok(watch)
    });
    match &started {
        // It is not closed after: its number may be another file's.
        Ok(watch) => watch.wait(),
        Err(error) => {
            let refused = News::Refused { error: error.raw_os_error() };
            // If nobody hears it, nobody is left to hear it.
            let _ = link.write_all(&Hello { nonce, news: refused }.to_bytes());
        }
    }
    system::end_group()
}

/// Starts the thread that runs the bodies.
fn start(run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut builder = thread::Builder::new().name("background-call".to_owned());
    if std::env::var_os("RUST_MIN_STACK").is_none() {
        builder = builder.stack_size(STACK);
    }
    builder.spawn(run).map(drop)
}

/// Says that calls may come, and runs them until the connection ends.
///
/// The greeting is this thread's, for there is no child without it: where a program is still loading the
/// library that all this is in, it is held up by the loader, and would never get to a call.
fn greet_and_run(mut link: Link, greeting: &[u8]) {
    let this = std::process::id();
    if link.write_all(greeting).is_err() {
        return;
    }
    let mut condition = Condition::at_start();
    let mut link = BufReader::new(link);
    let mut head = [0; CallHead::LENGTH];
    while link.read_exact(&mut head).is_ok() {
        let head = CallHead::from_bytes(&head);
        let admitted = condition.admit(head.memory);
        let mut arguments = Vec::new();
        match (&mut link).take(head.length).read_to_end(&mut arguments) {
            Ok(read) if u64::try_from(read) == Ok(head.length) => {}
            _ => return,
        }
        let mut reply = match admitted {
            Some(memory) => {
                PANICKED_AT.take();
                let ran = run(&CallHead { memory, ..head }, arguments);
                if std::process::id() != this {
                    // A copy of the process that the body made; the answer is the original's to give.
                    system::end_process();
                }
                // A body that is killed later keeps what it had printed.
                let _ = io::stdout().flush();
                reply_of(ran)
            }
            None => reply_with(Kind::Declined, &()),
        };
        frame::number(&mut reply, head.number);
        if !link.get_ref().is_intact() {
            lost_link();
        }
        // The parent waits for it before it sends more, so that nothing is in the buffer.
        if link.get_mut().write_all(&reply).is_err() {
            return;
        }
        condition.look_again();
    }
}

/// Ends the process, for it cannot answer: what it would write to may be a file of the user's.
fn lost_link() -> ! {
    let _ = writeln!(
        io::stderr(),
        "background: a body closed the connection to the program that called it; \
         it must not close descriptors that it did not open"
    );
    std::process::exit(LOST_LINK)
}

/// What a body came to; None if the function is unknown.
type Ran = Option<thread::Result<Result<Vec<u8>, Broken>>>;

fn run(head: &CallHead, arguments: Vec<u8>) -> Ran {
    let function = function::at(head.function)?;
    let _limited = system::limit_memory(head.memory);
    Some(catch_unwind(AssertUnwindSafe(|| {
        let outcome = function.run(&arguments);
        drop(arguments);
        outcome
    })))
}

fn reply_of(ran: Ran) -> Vec<u8> {
    match ran {
        None => {
            let why = "the other program has another list of functions".to_owned();
            reply_with(Kind::BadArguments, &why)
        }
        Some(Ok(Ok(frame))) => frame,
        Some(Ok(Err(Broken { kind, why }))) => reply_with(kind, &why),
        Some(Err(payload)) => {
            let panic =
                Panic { message: text_of(&*payload).map(str::to_owned), at: PANICKED_AT.take() };
            // Its destructor is the user's, and may panic as well.
            crate::panic::drop_catching(payload);
            reply_with(Kind::Panicked, &panic)
        }
    }
}

/// Keeps where a panic happened, which only the hook is told.
fn note_panics() {
    let next = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let at = panic.location().map(ToString::to_string);
        let _ = PANICKED_AT.try_with(|place| place.replace(at));
        // Where the hook of `std` prints a backtrace, it waits for itself if it is refused memory.
        system::make_room_for_report();
        next(panic);
    }));
}
