//! The child's side: greets, runs one call after the other, and ends with the parent.

use std::cell::RefCell;
use std::io::{BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use serde::{Deserialize, Serialize};

use super::codec::reply_with;
use super::condition::Condition;
use super::failure::Broken;
use super::frame::{CallHead, Hello, Kind};
use super::function;
use super::system::{self, Link};
use crate::error::text_of;

/// The stack of the thread that runs the bodies, unless `RUST_MIN_STACK` says otherwise.
const STACK: usize = 8 << 20;

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
pub(super) fn serve(nonce: u128, link: &Link) -> ! {
    note_panics();
    let greeting = Hello { nonce, fingerprint: function::fingerprint() }.to_bytes();
    let started = link.second().and_then(|calls| {
        let mut builder = thread::Builder::new().name("background-call".to_owned());
        if std::env::var_os("RUST_MIN_STACK").is_none() {
            builder = builder.stack_size(STACK);
        }
        builder.spawn(move || greet_and_run(calls, &greeting))
    });
    if started.is_ok() {
        link.wait_for_end();
    }
    system::end_group()
}

/// Says that calls may come, and runs them until the connection ends; then the thread that watches it ends
/// the process.
///
/// The greeting is this thread's, for there is no child without it: where a program is still loading the
/// library that all this is in, it is held up by the loader, and would never get to a call.
fn greet_and_run(mut link: Link, greeting: &[u8]) {
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
        let reply = match admitted {
            Some(memory) => run(&CallHead { memory, ..head }, arguments),
            None => reply_with(Kind::Declined, &()),
        };
        // The parent waits for it before it sends more, so that nothing is in the buffer.
        if link.get_mut().write_all(&reply).is_err() {
            return;
        }
        condition.look_again();
    }
}

fn run(head: &CallHead, arguments: Vec<u8>) -> Vec<u8> {
    let Some(function) = function::at(head.function) else {
        let why = "the other program has another list of functions".to_owned();
        return reply_with(Kind::BadArguments, &why);
    };
    let ran = {
        let _limited = system::limit_memory(head.memory);
        catch_unwind(AssertUnwindSafe(|| {
            let outcome = function.run(&arguments);
            drop(arguments);
            outcome
        }))
    };
    // A body that is killed later keeps what it had printed.
    let _ = std::io::stdout().flush();
    match ran {
        Ok(Ok(frame)) => frame,
        Ok(Err(Broken { kind, why })) => reply_with(kind, &why),
        Err(payload) => {
            let panic =
                Panic { message: text_of(&*payload).map(str::to_owned), at: PANICKED_AT.take() };
            // Its destructor is the user's, and may panic as well.
            crate::quiet::drop_quietly(payload);
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
        next(panic);
    }));
}
