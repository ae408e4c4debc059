//! The events as lines, for the page.
//!
//! | line | meaning |
//! |---|---|
//! | `P {..}` | the program |
//! | `N number ["function", "place"]` | a name of calls; without a function, a place |
//! | `H thread "name"` | a thread |
//! | `W number "name"` | a worker |
//! | `T thread time` | the next events are of this thread; its time is that, in nanoseconds |
//! | `c`, `q`, `s`, .. | an event: the letter is in [`letter`], a step of time follows, and what the event has |
//! | `t time` | the program ran still |
//! | `D events` | the number of events that were not written, because the file is full |
//! | `Z time` | the recording is over |
//!
//! The letter `f` stands for `l` and `e` at the same time. The number of a call is `n` if the same thread made the call, else `thread.n`. After the line `T`, an
//! event of the same call as the event before it has `=` instead of the number, and one of the next call of the same maker has `+`. A 0 at the end of an event
//! is left out. A line without an end is ignored.

use std::collections::HashSet;

use super::buffer::ThreadLog;
use super::record::{CALL_BITS, EventKind, Record};
use super::text::{number, quoted};
use super::texts;
use crate::stacks::CallName;

/// The bytes of most events, at least.
const TYPICAL: usize = 8;

/// Writes lines.
pub(super) struct Lines {
    /// When the recording began.
    origin: u64,
    /// Whether the line of the name with that number was written.
    names: Vec<bool>,
    threads: HashSet<u32>,
    workers: HashSet<u64>,
}

/// Lines that were written.
#[derive(Default)]
pub(super) struct Piece {
    /// The lines that name functions and places. There are as many as the program has calls in its text.
    pub(super) names: Vec<u8>,
    pub(super) events: Vec<u8>,
}

fn letter(kind: EventKind) -> u8 {
    match kind {
        EventKind::Created => b'c',
        EventKind::Queued => b'q',
        EventKind::Started => b's',
        EventKind::Resumed => b'r',
        EventKind::Left => b'l',
        EventKind::Finished => b'f',
        EventKind::Ended => b'e',
        EventKind::Stopped => b'x',
        EventKind::Blocked => b'w',
        EventKind::Unblocked => b'v',
        EventKind::Away => b'a',
        EventKind::Back => b'b',
        EventKind::Answered => b'o',
        EventKind::Unused => b'u',
        EventKind::Lost => b'g',
        EventKind::Exited => b'h',
    }
}

fn has_call(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Exited | EventKind::Lost | EventKind::Unblocked)
}

impl Lines {
    pub(super) fn new(origin: u64) -> Self {
        Self { origin, names: Vec::new(), threads: HashSet::new(), workers: HashSet::new() }
    }

    fn since(&self, time: u64) -> u64 {
        time.saturating_sub(self.origin)
    }

    /// Has the threads and workers of the next events named again, for readers that lack what was written before.
    pub(super) fn name_again(&mut self) {
        self.threads.clear();
        self.workers.clear();
    }

    /// Appends the events of a thread.
    pub(super) fn thread(&mut self, piece: &mut Piece, log: &ThreadLog, records: &[Record]) {
        let Some(first) = records.first() else { return };
        if self.threads.insert(log.number) {
            piece.events.extend_from_slice(b"H ");
            number(&mut piece.events, log.number.into());
            piece.events.push(b' ');
            quoted(&mut piece.events, &log.name);
            piece.events.push(b'\n');
        }
        piece.events.extend_from_slice(b"T ");
        number(&mut piece.events, log.number.into());
        piece.events.push(b' ');
        number(&mut piece.events, self.since(first.time));
        piece.events.push(b'\n');
        piece.events.reserve(records.len() * TYPICAL);
        // A body may have left its thread before the recording began, see `Here`.
        let origin = self.origin;
        let time = |record: &Record| record.time.max(origin);
        let mut before = Record { call: 0, time: time(first), ..*first };
        for record in records {
            self.event(piece, log.number, record, &before);
            let call = if has_call(record.kind) { record.call } else { before.call };
            before = Record { call, time: time(record), ..*record };
        }
    }

    /// Appends an event. The one before it has the call of the last event that has one.
    fn event(&mut self, piece: &mut Piece, thread: u32, record: &Record, before: &Record) {
        let Record { kind, detail, name, time, call, other } = *record;
        let out = &mut piece.events;
        match kind {
            EventKind::Answered => self.worker(out, name.into()),
            EventKind::Away => self.worker(out, other),
            EventKind::Exited => drop(self.threads.remove(&thread)),
            _ => {}
        }
        out.extend_from_slice(&[letter(kind), b' ']);
        number(out, time.saturating_sub(before.time));
        if has_call(kind) {
            match call.wrapping_sub(before.call) {
                0 => out.extend_from_slice(b" ="),
                1 => out.extend_from_slice(b" +"),
                _ => identity(out, thread, call),
            }
        }
        match kind {
            EventKind::Lost | EventKind::Away => field(out, other),
            EventKind::Created => {
                field(out, name.into());
                if other != 0 {
                    identity(out, thread, other);
                }
                self.name(&mut piece.names, name);
            }
            EventKind::Started if detail == 0 => {}
            EventKind::Started => field(out, detail.into()),
            EventKind::Finished | EventKind::Ended | EventKind::Stopped | EventKind::Unblocked => {
                if (detail, other) != (0, 0) {
                    field(out, detail.into());
                }
                text(out, other);
            }
            EventKind::Blocked => {
                field(out, name.into());
                field(out, other);
                if let Some(place) = name.checked_sub(1) {
                    self.name(&mut piece.names, place);
                }
                self.name(&mut piece.names, u32::try_from(other).unwrap_or_default());
            }
            EventKind::Answered => {
                field(out, name.into());
                field(out, time.saturating_sub(other));
            }
            _ => {}
        }
        piece.events.push(b'\n');
    }

    fn name(&mut self, out: &mut Vec<u8>, name: u32) {
        let at = name as usize;
        if self.names.len() <= at {
            self.names.resize(at + 1, false);
        }
        if !std::mem::replace(&mut self.names[at], true) {
            let call = CallName::from_number(name).call();
            out.extend_from_slice(b"N ");
            number(out, name.into());
            out.extend_from_slice(b" [");
            quoted(out, call.function());
            out.push(b',');
            quoted(out, &call.place().unwrap_or_default());
            out.extend_from_slice(b"]\n");
        }
    }

    fn worker(&mut self, out: &mut Vec<u8>, worker: u64) {
        if self.workers.insert(worker) {
            out.extend_from_slice(b"W ");
            number(out, worker);
            out.push(b' ');
            quoted(out, &texts::worker_name(worker));
            out.push(b'\n');
        }
    }

    /// Appends that the program runs.
    pub(super) fn alive(&self, out: &mut Vec<u8>, now: u64) {
        self.time(out, b't', now);
    }

    /// Appends that the recording is over.
    pub(super) fn complete(&self, out: &mut Vec<u8>, now: u64) {
        self.time(out, b'Z', now);
    }

    fn time(&self, out: &mut Vec<u8>, letter: u8, now: u64) {
        out.extend_from_slice(&[letter, b' ']);
        number(out, self.since(now));
        out.push(b'\n');
    }

    /// Appends that the file has no room for so many events.
    pub(super) fn dropped(out: &mut Vec<u8>, events: u64) {
        out.extend_from_slice(b"D ");
        number(out, events);
        out.push(b'\n');
    }
}

/// Appends a number behind a space.
fn field(out: &mut Vec<u8>, value: u64) {
    out.push(b' ');
    number(out, value);
}

/// Appends the number of a call, as seen from a thread.
fn identity(out: &mut Vec<u8>, thread: u32, call: u64) {
    out.push(b' ');
    let maker = call >> CALL_BITS;
    if maker != 0 && maker != u64::from(thread) {
        number(out, maker);
        out.push(b'.');
    }
    number(out, call & ((1 << CALL_BITS) - 1));
}

fn text(out: &mut Vec<u8>, text: u64) {
    if let Some(text) = texts::take(text) {
        out.push(b' ');
        quoted(out, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::stacks::RecentNames;
    use std::panic::Location;

    #[test]
    fn each_event_is_a_line_that_names_what_is_new() {
        let call = Call::new("app::\"f\"", Location::caller());
        let name = RecentNames::new().name(call.key(), || call).number();
        let log = ThreadLog::new("main");
        let (own, foreign) = (u64::from(log.number) << CALL_BITS | 7, 99_u64 << CALL_BITS | 1);
        let created =
            Record { name, other: foreign, ..Record::new(EventKind::Created, 1_000, own) };
        let next = Record { time: 1_010, call: own + 1, other: 0, ..created };
        let started = Record { detail: 1, name, ..Record::new(EventKind::Started, 1_400, foreign) };
        let failure = texts::keep("no <b>".to_owned());
        let finished = Record {
            detail: 1,
            other: failure,
            ..Record::new(EventKind::Finished, 1_500, foreign)
        };
        let exited = Record::new(EventKind::Exited, 1_520, 0);
        let unused = Record::new(EventKind::Unused, 1_550, foreign);
        let worker = u32::MAX;
        let answered =
            Record { name: worker, other: 1_450, ..Record::new(EventKind::Answered, 1_650, own) };
        let (mut lines, mut piece) = (Lines::new(900), Piece::default());
        lines.thread(&mut piece, &log, &[created, next, started]);
        lines.thread(&mut piece, &log, &[finished, exited, unused, answered]);
        let (thread, site) = (log.number, call.site());
        assert_eq!(
            String::from_utf8(piece.names).unwrap(),
            format!("N {name} [\"app::\\\"f\\\"\",\"{site}\"]\n")
        );
        assert_eq!(
            String::from_utf8(piece.events).unwrap(),
            format!(
                "H {thread} \"main\"\nT {thread} 100\nc 0 7 {name} 99.1\nc 10 + {name}\ns 390 99.1 1\n\
                 T {thread} 600\nf 0 99.1 1 \"no \\u003cb>\"\nh 20\nu 30 =\n\
                 W {worker} \"\"\no 100 7 {worker} 200\n"
            )
        );
    }

    #[test]
    fn event_of_before_the_recording_delays_no_later_one() {
        let log = ThreadLog::new("idle");
        let own = u64::from(log.number) << CALL_BITS | 5;
        let left = Record::new(EventKind::Left, 300, own);
        let queued = Record::new(EventKind::Queued, 1_000, own + 2);
        let (mut lines, mut piece) = (Lines::new(900), Piece::default());
        lines.thread(&mut piece, &log, &[left, queued]);
        let events = String::from_utf8(piece.events).unwrap();
        assert_eq!(events, format!("H {0} \"idle\"\nT {0} 0\nl 0 5\nq 100 7\n", log.number));
    }

    #[test]
    fn threads_and_workers_are_named_once_or_in_each_piece_and_never_for_the_pieces_that_follow() {
        let log = ThreadLog::new("main");
        let own = u64::from(log.number) << CALL_BITS | 1;
        let away = Record { other: 7, ..Record::new(EventKind::Away, 1, own) };
        let mut lines = Lines::new(0);
        let mut named = |again, records: &[Record]| {
            let mut piece = Piece::default();
            if again {
                lines.name_again();
            }
            lines.thread(&mut piece, &log, records);
            assert_eq!(piece.names, b"");
            let events = String::from_utf8(piece.events).unwrap();
            let is_name = |line: &&str| line.starts_with("H ") || line.starts_with("W ");
            events.lines().filter(is_name).count()
        };
        assert_eq!([named(false, &[away]), named(false, &[away]), named(true, &[away])], [2, 0, 2]);
        named(false, &[Record::new(EventKind::Exited, 2, 0)]);
        assert!(lines.threads.is_empty());
    }
}
