//! The thread that empties the buffers.

use std::fs::File;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::document;
use super::lines::{Lines, Piece};
use super::live::Server;
use super::session::Session;
use super::trace::Trace;
use super::{buffer, clock, process_end, state};
use crate::panic::catch;

/// The time between two looks at the buffers, unless much waits in them.
const TICK: Duration = Duration::from_millis(100);

/// The time after which the page knows that a program without events was alive.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// The bytes of events that a file gets. See the documentation of [`timeline`](super::timeline).
const MOST: u64 = 64 << 20;

/// The least time between two notes on how many events were dropped.
const NOTES: Duration = Duration::from_secs(10);

/// The number of events of a trace that are written at once.
const AT_ONCE: usize = 1 << 14;

/// What the writer writes into.
pub(super) enum Output {
    Page { file: File, lines: Lines },
    Trace { file: File, trace: Box<Trace> },
    Live { server: Server, lines: Lines },
}

/// How much a file has.
#[derive(Default)]
struct Written {
    bytes: u64,
    dropped: u64,
    /// When the file last got a note on what was dropped, and how many that says.
    noted: Option<(Instant, u64)>,
}

impl Written {
    /// Whether a note is due, in any case if it is the `last`.
    fn note(&mut self, last: bool) -> bool {
        let is_new = self.noted.is_none_or(|(_, noted)| noted != self.dropped);
        let is_due = last || self.noted.is_none_or(|(at, _)| at.elapsed() >= NOTES);
        let note = self.dropped > 0 && is_new && is_due;
        if note {
            self.noted = Some((Instant::now(), self.dropped));
        }
        note
    }
}

/// Writes until the recording is over.
pub(super) fn run(session: &Session, mut output: Output) {
    catch(|| {
        if let Err(error) = write(session, &mut output) {
            state::stop();
            let _ = writeln!(
                io::stderr(),
                "pybackground: the timeline {} ends here: {error}",
                session.place
            );
        }
        drop(output);
        session.end();
        if let Some(signal) = process_end::signal() {
            process_end::deliver(signal);
        }
    });
}

fn write(session: &Session, output: &mut Output) -> io::Result<()> {
    let (mut filled, mut heartbeat) = (Written::default(), Instant::now());
    loop {
        let is_last = session.wait(TICK) || process_end::signal().is_some();
        if is_last {
            state::stop();
        }
        let is_alive = heartbeat.elapsed() >= HEARTBEAT;
        if is_alive {
            heartbeat = Instant::now();
        }
        output.write(&mut filled, is_alive, is_last)?;
        if is_last {
            return Ok(());
        }
    }
}

impl Output {
    fn write(&mut self, filled: &mut Written, is_alive: bool, is_last: bool) -> io::Result<()> {
        let now = clock::now();
        match self {
            Self::Page { file, lines } => {
                let mut result = Ok(());
                buffer::drain(now, |log, records| {
                    if filled.bytes >= MOST || result.is_err() {
                        filled.dropped += records.len() as u64;
                        return;
                    }
                    let mut piece = Piece::default();
                    lines.thread(&mut piece, log, records);
                    let Piece { mut names, events } = piece;
                    names.extend_from_slice(&events);
                    filled.bytes += names.len() as u64;
                    result = file.write_all(&names);
                });
                result?;
                let mut out = Vec::new();
                if filled.note(is_last) {
                    Lines::dropped(&mut out, filled.dropped);
                }
                if is_last {
                    lines.complete(&mut out, now);
                    out.extend_from_slice(document::END.as_bytes());
                } else if is_alive {
                    lines.alive(&mut out, now);
                }
                file.write_all(&out)
            }
            Self::Trace { file, trace } => {
                let (mut out, mut events) = (Vec::new(), Vec::new());
                buffer::drain(now, |log, records| {
                    if filled.bytes < MOST {
                        trace.thread(&mut out, log, records);
                    }
                    events.extend(records.iter().map(|record| (log.number, *record)));
                });
                // A call is made before it starts, whichever thread's events were read first.
                events.sort_by_key(|(_, record)| record.time);
                for part in events.chunks(AT_ONCE) {
                    if filled.bytes >= MOST {
                        filled.dropped += part.len() as u64;
                    } else {
                        trace.events(&mut out, part);
                        filled.bytes += out.len() as u64;
                        file.write_all(&out)?;
                        out.clear();
                    }
                }
                if filled.note(is_last) {
                    trace.dropped(&mut out, now, filled.dropped);
                }
                if is_last {
                    trace.complete(&mut out, now);
                }
                file.write_all(&out)
            }
            Self::Live { server, lines } => {
                let mut piece = Piece::default();
                // The log drops old pieces.
                lines.name_again();
                buffer::drain(now, |thread, records| lines.thread(&mut piece, thread, records));
                if is_last {
                    lines.complete(&mut piece.events, now);
                } else if is_alive || !piece.events.is_empty() {
                    lines.alive(&mut piece.events, now);
                }
                server.log().push(piece, is_last);
                Ok(())
            }
        }
    }
}
