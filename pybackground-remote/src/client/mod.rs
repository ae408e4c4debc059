//! The caller's side: one thread sends calls and receives results.
//!
//! The thread starts with the first call and ends ten seconds after the last. A call is published under an id until the
//! server acknowledges it. Its result comes by a subscription, and is kept by a stream, from which [`audit`] fetches what
//! was missed.
//!
//! | file | subject |
//! |---|---|
//! | `run` | the thread: commands, results, and the time |
//! | `calls` | the calls that have no result yet |
//! | `figures` | what a snapshot says of the calls |
//! | `send` | publishing a call |
//! | `withdraw` | withdrawing a call, until the server knows it |
//! | `silence` | calls of a worker that has disappeared |
//! | `workers` | how the workers are, for snapshots |
//! | `audit` | calls whose result does not come |

mod audit;
mod calls;
mod figures;
mod run;
mod send;
mod silence;
mod withdraw;
mod workers;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use pybackground_runtime::__engine::{
    Order, RemoteOutcome, RemoteReport, Reply, Settings, Withdraw,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use self::figures::Figures;

/// What the thread is told.
enum Command {
    Call(u64, Order, Reply),
    Withdraw(u64),
    /// To say when everything before this was sent.
    Close(Sender<()>),
}

/// The thread that sends calls.
struct Handle {
    /// A copy of the process, by `fork`, has no such thread.
    process: u32,
    commands: UnboundedSender<Command>,
    /// The number of the next call.
    next: u64,
    settings: &'static Settings,
    figures: Arc<Figures>,
}

static HANDLE: Mutex<Option<Handle>> = Mutex::new(None);

fn handle() -> MutexGuard<'static, Option<Handle>> {
    HANDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends a call, and returns what withdraws it.
pub(crate) fn start(settings: &'static Settings, order: Order, reply: Reply) -> Withdraw {
    let mut handle = handle();
    let this = std::process::id();
    let serves = |handle: &Handle| handle.process == this && !handle.commands.is_closed();
    if !handle.as_ref().is_some_and(serves) {
        let (commands, received) = unbounded_channel();
        let figures = Arc::<Figures>::default();
        let shared = figures.clone();
        let run = move || run::run(settings, received, shared);
        let started = thread::Builder::new().name("background-remote".to_owned()).spawn(run);
        if let Err(error) = started {
            reply
                .answer(RemoteOutcome::unreachable(format!("no thread could be started: {error}")));
            return Box::new(|| ());
        }
        *handle = Some(Handle { process: this, commands, next: 0, settings, figures });
    }
    let handle = handle.as_mut().expect("it was just checked");
    let number = handle.next;
    handle.next += 1;
    let (commands, figures) = (handle.commands.clone(), handle.figures.clone());
    figures.note_made();
    // The thread that ends first empties the channel under the same lock.
    let _ = commands.send(Command::Call(number, order, reply));
    Box::new(move || {
        figures.note_withdrawn();
        // If the thread has ended, so have its calls and its figures.
        let _ = commands.send(Command::Withdraw(number));
    })
}

/// Waits until what was withdrawn is known to the server, until `end` at most.
pub(crate) fn close(end: Instant) {
    let (done, is_done) = channel();
    let commands = handle().as_ref().map(|handle| handle.commands.clone());
    if commands.is_some_and(|commands| commands.send(Command::Close(done)).is_ok()) {
        let _ = is_done.recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}

/// Says how the calls are, while the thread lives.
pub(crate) fn report() -> Option<RemoteReport> {
    let handle = handle();
    let handle = handle.as_ref()?;
    (handle.process == std::process::id()).then(|| handle.figures.report(&handle.settings.url))
}

/// Ends the thread's service, unless there is another command. The next call starts another thread.
fn end_service(commands: &mut UnboundedReceiver<Command>) -> bool {
    let mut handle = handle();
    if !commands.is_empty() {
        return false;
    }
    commands.close();
    if handle.as_ref().is_some_and(|handle| handle.commands.is_closed()) {
        *handle = None;
    }
    true
}
