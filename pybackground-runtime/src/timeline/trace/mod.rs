//! The events in the trace event format, which Perfetto and `chrome://tracing` open.
//!
//! | in the run | in the file |
//! |---|---|
//! | thread, worker | track, named by a metadata event |
//! | body on a thread or in a worker | slice (`B`, `E`) of the category `body` |
//! | wait | slice of the category `wait` |
//! | from sending a call to a worker on another machine to its answer | slice (`X`) of the category `body` |
//! | time in a queue | a pair of async events (`b`, `e`) of the category `queue` |
//! | from the caller to the body | flow (`s` to `f`) of the category `call` |
//! | from the body to the thread that waited for it | flow of the category `wait` |
//! | outcome without a value, events that are missing | instant event (`i`) of the category `outcome` |
//!
//! The file is a list that may lack its end.

mod slices;

use std::collections::{HashMap, HashSet};

use self::slices::OpenSlices;
use super::buffer::ThreadLog;
use super::record::{EventKind, Record};
use super::text::{micros, number, quoted};
use super::texts;
use crate::error::Verdict;
use crate::stacks::CallName;

/// The tracks of workers have numbers from here on.
const WORKERS: u64 = 1 << 32;

/// The tracks of threads that the library does not own have a slice below everything, from which the
/// flows of their calls can come.
const OWN_THREADS: &str = "background-";

/// Writes the events of a trace.
pub(super) struct Trace {
    origin: u64,
    process: u32,
    tracks: HashSet<u64>,
    /// The place of each name.
    places: HashMap<u32, String>,
    slices: OpenSlices,
    /// The calls that were made and have not started.
    queued: HashMap<u64, u32>,
    /// The tracks of each worker on another machine, and when the last slice of each ends.
    answered: HashMap<u32, Vec<(u64, u64)>>,
}

impl Trace {
    pub(super) fn new(origin: u64) -> Self {
        Self {
            origin,
            process: std::process::id(),
            tracks: HashSet::new(),
            places: HashMap::new(),
            slices: OpenSlices::default(),
            queued: HashMap::new(),
            answered: HashMap::new(),
        }
    }

    /// Appends the begin of the file.
    pub(super) fn head(&self, out: &mut Vec<u8>, program: &str) {
        out.extend_from_slice(b"[");
        self.event(out, 'M', "", "process_name", 0, self.origin, |out| {
            out.extend_from_slice(b",\"args\":{\"name\":");
            quoted(out, program);
            out.push(b'}');
        });
    }

    /// Appends the end of the file. What has not ended stays open.
    pub(super) fn complete(&mut self, out: &mut Vec<u8>, now: u64) {
        for thread in self.slices.end_all() {
            self.event(out, 'E', "thread", "", thread.into(), now, |_| ());
        }
        out.extend_from_slice(b"\n]\n");
    }

    /// Appends that the file has no room for so many events.
    pub(super) fn dropped(&self, out: &mut Vec<u8>, now: u64, events: u64) {
        let name = format!("{events} events were not written: the file is full");
        self.event(out, 'i', "outcome", &name, 0, now, |out| {
            out.extend_from_slice(b",\"s\":\"g\"");
        });
    }

    /// Appends what is new of a thread that has these events.
    pub(super) fn thread(&mut self, out: &mut Vec<u8>, log: &ThreadLog, records: &[Record]) {
        let track = u64::from(log.number);
        self.track(out, track, &log.name);
        if !log.name.starts_with(OWN_THREADS)
            && let Some(first) = records.first()
            && self.slices.begin_base(log.number)
        {
            self.event(out, 'B', "thread", &log.name, track, first.time, |_| ());
        }
    }

    /// Appends events of threads, in the order of time.
    pub(super) fn events(&mut self, out: &mut Vec<u8>, events: &[(u32, Record)]) {
        for (thread, record) in events {
            self.record(out, *thread, record);
        }
    }

    fn track(&mut self, out: &mut Vec<u8>, track: u64, name: &str) {
        if !self.tracks.insert(track) {
            return;
        }
        self.event(out, 'M', "", "thread_name", track, self.origin, |out| {
            out.extend_from_slice(b",\"args\":{\"name\":");
            quoted(out, name);
            out.push(b'}');
        });
        self.event(out, 'M', "", "thread_sort_index", track, self.origin, |out| {
            out.extend_from_slice(b",\"args\":{\"sort_index\":");
            number(out, track);
            out.push(b'}');
        });
    }

    /// Returns a track of a worker that has nothing between two times: it may have many calls at once.
    fn track_from(&mut self, out: &mut Vec<u8>, worker: u32, begin: u64, end: u64) -> u64 {
        let tracks = self.answered.values().map(Vec::len).sum::<usize>() as u64;
        let own = self.answered.entry(worker).or_default();
        if let Some((track, free)) = own.iter_mut().find(|(_, free)| *free <= begin) {
            *free = end;
            return *track;
        }
        let track = 2 * WORKERS + tracks;
        own.push((track, end));
        self.track(out, track, &texts::worker_name(worker.into()));
        track
    }

    fn record(&mut self, out: &mut Vec<u8>, thread: u32, record: &Record) {
        let Record { kind, name, time, call, other, .. } = *record;
        let track = u64::from(thread);
        let id = |out: &mut Vec<u8>| id(out, call);
        match kind {
            EventKind::Created => {
                self.queued.insert(call, name);
                self.event(out, 'b', "queue", function(name), track, time, id);
                self.event(out, 's', "call", "call", track, time, id);
            }
            EventKind::Started | EventKind::Resumed => {
                if self.queued.remove(&call).is_some() {
                    self.event(out, 'e', "queue", function(name), track, time, id);
                    self.event(out, 'f', "call", "call", track, time, |out| {
                        id(out);
                        out.extend_from_slice(b",\"bp\":\"e\"");
                    });
                }
                let place = self.places.remove(&name).unwrap_or_else(|| {
                    CallName::from_number(name).call().place().unwrap_or_default()
                });
                self.event(out, 'B', "body", function(name), track, time, |out| {
                    out.extend_from_slice(b",\"args\":{\"called at\":");
                    quoted(out, &place);
                    out.push(b'}');
                });
                self.places.insert(name, place);
                self.slices.begin_body(thread);
            }
            EventKind::Left => self.left(out, thread, record),
            EventKind::Finished => {
                self.left(out, thread, record);
                self.ended(out, track, record);
            }
            EventKind::Ended | EventKind::Stopped => self.ended(out, track, record),
            EventKind::Blocked => {
                let awaited = function(u32::try_from(other).unwrap_or_default());
                self.slices.begin_wait(thread, call);
                let what = format!("waits for {awaited}");
                self.event(out, 'B', "wait", &what, track, time, |_| ());
            }
            EventKind::Unblocked => {
                let Some((awaited, has_flow)) = self.slices.end_wait(thread) else { return };
                if has_flow {
                    self.event(out, 'f', "wait", "wait", track, time, |out| {
                        out.extend_from_slice(b",\"bp\":\"e\"");
                        self::id(out, awaited);
                    });
                }
                self.event(out, 'E', "wait", "", track, time, |_| ());
            }
            EventKind::Away => {
                let worker = WORKERS + other;
                self.track(out, worker, &texts::worker_name(other));
                self.slices.begin_away(thread, worker);
                self.event(out, 'B', "body", "body", worker, time, id);
            }
            EventKind::Back => {
                if let Some(worker) = self.slices.end_away(thread) {
                    self.event(out, 'E', "body", "", worker, time, |_| ());
                }
            }
            EventKind::Answered => {
                let worker = self.track_from(out, name, other, time);
                self.event(out, 'X', "body", "body", worker, other, |out| {
                    out.extend_from_slice(b",\"dur\":");
                    micros(out, time.saturating_sub(other));
                    id(out);
                });
            }
            EventKind::Lost => self.lost(out, thread, record),
            EventKind::Exited => {
                self.tracks.remove(&track);
                if self.slices.end_thread(thread) {
                    self.event(out, 'E', "thread", "", track, time, |_| ());
                }
            }
            EventKind::Queued | EventKind::Unused => {}
        }
    }

    /// Says that events are missing. They may have ended what is open on the thread.
    fn lost(&mut self, out: &mut Vec<u8>, thread: u32, lost: &Record) {
        let (track, time) = (u64::from(thread), lost.time);
        if let Some(worker) = self.slices.end_away(thread) {
            self.event(out, 'E', "body", "", worker, time, |_| ());
        }
        for _ in 0..self.slices.interrupt(thread) {
            self.event(out, 'E', "", "", track, time, |_| ());
        }
        let events = lost.other;
        let name =
            format!("{events} events are missing: they came faster than they could be written");
        self.event(out, 'i', "outcome", &name, track, time, |out| {
            out.extend_from_slice(b",\"s\":\"t\"");
        });
    }

    fn left(&mut self, out: &mut Vec<u8>, thread: u32, left: &Record) {
        let (track, Record { time, call, .. }) = (u64::from(thread), *left);
        let Some(has_flow) = self.slices.end_body(thread, call) else { return };
        if has_flow {
            self.event(out, 's', "wait", "wait", track, time, |out| id(out, call));
        }
        self.event(out, 'E', "body", "", track, time, |_| ());
    }

    fn ended(&mut self, out: &mut Vec<u8>, track: u64, end: &Record) {
        let Record { detail, name, time, call, other, .. } = *end;
        if let Some(name) = self.queued.remove(&call) {
            self.event(out, 'e', "queue", function(name), track, time, |out| id(out, call));
        }
        if detail != Verdict::Ok as u8 {
            let what = format!("{}: {}", function(name), Verdict::word_of(detail));
            self.event(out, 'i', "outcome", &what, track, time, |out| {
                out.extend_from_slice(b",\"s\":\"t\",\"args\":{\"error\":");
                quoted(out, &texts::take(other).unwrap_or_default());
                out.push(b'}');
            });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "they are the fields of an event")]
    fn event(
        &self,
        out: &mut Vec<u8>,
        kind: char,
        category: &str,
        name: &str,
        track: u64,
        time: u64,
        more: impl FnOnce(&mut Vec<u8>),
    ) {
        // The first event follows the bracket.
        out.extend_from_slice(if kind == 'M' && name == "process_name" { b"\n" } else { b",\n" });
        out.extend_from_slice(b"{\"ph\":");
        quoted(out, kind.encode_utf8(&mut [0; 4]));
        if !category.is_empty() {
            out.extend_from_slice(b",\"cat\":");
            quoted(out, category);
        }
        if !name.is_empty() {
            out.extend_from_slice(b",\"name\":");
            quoted(out, name);
        }
        out.extend_from_slice(b",\"pid\":");
        number(out, self.process.into());
        out.extend_from_slice(b",\"tid\":");
        number(out, track);
        out.extend_from_slice(b",\"ts\":");
        micros(out, time.saturating_sub(self.origin));
        more(out);
        out.push(b'}');
    }
}

/// Appends what ties the events of a call together.
fn id(out: &mut Vec<u8>, call: u64) {
    out.extend_from_slice(b",\"id\":");
    number(out, call);
}

fn function(name: u32) -> &'static str {
    CallName::from_number(name).call().function()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::stacks::RecentNames;
    use std::panic::Location;

    #[test]
    fn flow_from_a_body_to_a_wait_has_both_ends_or_none() {
        let call = Call::new("f", Location::caller());
        let other = RecentNames::new().name(call.key(), || call).number().into();
        let blocked = |at| (1, Record { other, ..Record::new(EventKind::Blocked, at, 7) });
        let unblocked = |at| (1, Record::new(EventKind::Unblocked, at, 0));
        let left = |at| (2, Record::new(EventKind::Left, at, 7));
        for (events, ends) in [
            ([blocked(1), left(2), unblocked(3)], 1),
            ([left(1), blocked(2), unblocked(3)], 0),
            ([blocked(1), unblocked(2), left(3)], 0),
        ] {
            let (mut trace, mut out) = (Trace::new(0), Vec::new());
            // The begin of the body.
            trace.slices.begin_body(2);
            trace.events(&mut out, &events);
            let text = String::from_utf8(out).unwrap();
            let count =
                |kind: &str| text.matches(&format!("{{\"ph\":\"{kind}\",\"cat\":\"wait\"")).count();
            assert_eq!((count("s"), count("f")), (ends, ends), "{text}");
        }
    }

    #[test]
    fn gap_is_said_and_nothing_begins_below_what_may_have_ended_in_it() {
        let record = |kind, at, call| (1, Record::new(kind, at, call));
        let lost = (1, Record { other: 7, ..Record::new(EventKind::Lost, 3, 0) });
        let started = |at, call| record(EventKind::Started, at, call);
        let left = |at, call| record(EventKind::Left, at, call);
        let waits = record(EventKind::Blocked, 2, 9);
        let waited = record(EventKind::Unblocked, 6, 0);
        let (mut trace, mut out) = (Trace::new(0), Vec::new());
        let [open, next] = [started(1, 1), started(4, 2)];
        trace.events(&mut out, &[open, waits, lost, next, left(5, 2), waited, left(7, 1)]);
        let text = String::from_utf8(out).unwrap();
        let times = |kind: &str| -> Vec<&str> {
            let of_kind = text.lines().filter(|line| line.contains(&format!("\"ph\":\"{kind}\"")));
            of_kind.filter_map(|line| line.split("\"ts\":").nth(1)?.get(..5)).collect()
        };
        assert_eq!(times("B"), ["0.001", "0.002", "0.004"], "{text}");
        assert_eq!(times("E"), ["0.003", "0.003", "0.005"], "{text}");
        assert!(text.contains("7 events are missing"), "{text}");
        trace.slices.end_thread(1);
        assert!(trace.slices.is_empty(), "no wait is left");
    }

    #[test]
    fn thread_that_ended_leaves_nothing_behind() {
        let log = ThreadLog::new("outside");
        let exited = Record::new(EventKind::Exited, 1, 0);
        let (mut trace, mut out) = (Trace::new(0), Vec::new());
        trace.thread(&mut out, &log, &[exited]);
        trace.events(&mut out, &[(log.number, exited)]);
        assert!(trace.tracks.is_empty() && trace.slices.is_empty());
    }
}
