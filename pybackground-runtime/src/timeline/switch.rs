//! The variable, and the function [`timeline`].

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Once};

use super::lines::Lines;
use super::session::Session;
use super::target::Target;
use super::trace::Trace;
use super::writer::{self, Output};
use super::{buffer, clock, document, file, live, process_end, session, state};
use crate::secure_execution;
use crate::sync::thread;

/// The variable that has a program record its events.
const VARIABLE: &str = "PYBACKGROUND_TIMELINE";

/// The writer's thread has small frames, but formats errors.
const STACK_SIZE: usize = 256 * 1024;

/// Whether calls are recorded. The first question of the process reads the variable.
#[inline]
pub(crate) fn is_enabled() -> bool {
    state::is_on_or(decide)
}

/// Whether calls are recorded, or nothing has read the variable yet.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn may_be_enabled() -> bool {
    !state::is_off()
}

#[cold]
fn decide() -> bool {
    static DECIDED: Once = Once::new();

    DECIDED.call_once(|| {
        let begun = secure_execution::variable(VARIABLE)
            .filter(|value| !value.is_empty())
            .is_some_and(|value| match begin(&value) {
                Ok(_) => true,
                Err(error) => {
                    let _ =
                        writeln!(io::stderr(), "pybackground: {VARIABLE} has no effect: {error}");
                    false
                }
            });
        if !begun {
            state::stop();
        }
    });
    state::is_on()
}

/// Begins to record.
fn begin(target: &OsStr) -> io::Result<Arc<Session>> {
    let target =
        Target::parse(target).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
    session::replace(|under_way| {
        if let Some(session) = under_way {
            let why = format!("a timeline is recorded already, to {}", session.place);
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        // What is left of an earlier recording.
        buffer::drain(u64::MAX, |_, _| ());
        let (place, output) = open(&target, clock::now())?;
        let session = Session::new(place);
        let of_writer = session.clone();
        state::start();
        let write = move || writer::run(&of_writer, output);
        if let Err(error) = thread::spawn("background-timeline".to_owned(), STACK_SIZE, write) {
            state::stop();
            return Err(error);
        }
        process_end::watch();
        Ok(session)
    })
}

fn open(target: &Target, origin: u64) -> io::Result<(String, Output)> {
    match target {
        Target::Page(path) => {
            let head = format!("{}{}", document::head(false), document::program_line());
            let (file, place) = create(path, head.as_bytes())?;
            Ok((place, Output::Page { file, lines: Lines::new(origin) }))
        }
        Target::Trace(path) => {
            let (trace, mut head) = (Box::new(Trace::new(origin)), Vec::new());
            trace.head(&mut head, &document::program());
            let (file, place) = create(path, &head)?;
            Ok((place, Output::Trace { file, trace }))
        }
        Target::Live { address, is_exposed } => {
            let server = live::serve(*address, *is_exposed).map_err(|error| {
                io::Error::new(error.kind(), format!("no page at {address}: {error}"))
            })?;
            let place = format!("http://{}/", server.address());
            let _ = writeln!(io::stderr(), "pybackground: the timeline is at {place}");
            Ok((place, Output::Live { server, lines: Lines::new(origin) }))
        }
    }
}

/// Creates a file that begins with `head`; returns it with its path. An error names the path.
fn create(path: &Path, head: &[u8]) -> io::Result<(File, String)> {
    let create = || {
        let (mut file, own) = file::create(path)?;
        file.write_all(head)?;
        Ok((file, place(path, &own)))
    };
    create().map_err(|error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    })
}

/// Returns the path, and reports that it is not the one that was asked for.
fn place(asked: &Path, own: &Path) -> String {
    if asked != own {
        let _ = writeln!(
            io::stderr(),
            "pybackground: another process writes {}; the timeline of this one is {}",
            asked.display(),
            own.display()
        );
    }
    own.display().to_string()
}

/// Records what calls do from now on: to a page, to a trace, or to a live page.
///
/// | `target` | what is made |
/// |---|---|
/// | `run.html` | a page for a browser, with all that it needs in one file |
/// | `run.json` | a trace for [Perfetto](https://ui.perfetto.dev) and `chrome://tracing` |
/// | `127.0.0.1:7777` | a page at that address, which follows the running program |
///
/// The variable `PYBACKGROUND_TIMELINE` does the same without a line of code, from the first call to the end
/// of the process. A program with more rights than the user who started it ignores the variable.
///
/// The file is complete when the guard is dropped, and when the process ends: by the end of `main`, a
/// panic, `exit`, or a signal such as that of Ctrl-C, unless the program handles the signal. After the process
/// was killed, the file has all events but those of the last quarter of a second.
///
/// # Limits
///
/// A file gets 64 MiB of events, which is about a million calls on a page and a hundred thousand in a trace. A live page
/// has the last 32 MiB. At most 64 MiB of events wait in memory to be written. The page says how many events were
/// dropped, and so does the trace.
///
/// # Security
///
/// The page names functions, places in the source, and errors. At a loopback address, every user of the
/// machine can read it. An address that other machines reach has to be written as `expose:0.0.0.0:7777`.
///
/// # Errors
///
/// If the target is none of these, if the file or the port cannot be opened, or if a recording is under way.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// # let folder = std::env::temp_dir().join(format!("timeline-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("run.html");
/// use pybackground::{spawn, timeline};
///
/// let recording = timeline(&path)?;
/// assert_eq!(spawn(|| 6 * 7), 42);
/// drop(recording);
///
/// assert!(std::fs::read_to_string(&path)?.starts_with("<!doctype html>"));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn timeline(target: impl AsRef<OsStr>) -> io::Result<Timeline> {
    decide();
    begin(target.as_ref()).map(Timeline)
}

/// A recording that ends when this is dropped; see [`timeline`].
///
/// `Display` prints the path of the file or the address of the page.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// # let folder = std::env::temp_dir().join(format!("timeline-guard-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("run.json");
/// let recording = pybackground::timeline(&path)?;
/// assert_eq!(recording.to_string(), path.display().to_string());
/// # drop(recording);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the recording ends when this is dropped"]
pub struct Timeline(Arc<Session>);

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.place)
    }
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timeline").field(&self.0.place).finish()
    }
}

impl Drop for Timeline {
    fn drop(&mut self) {
        self.0.complete();
    }
}
