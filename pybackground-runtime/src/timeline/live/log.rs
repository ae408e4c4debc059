//! The last lines of events.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::sync::lock_leaf;
use crate::timeline::lines::Piece;

/// The bytes of events that are kept.
const MOST: usize = 32 << 20;

/// How long events are gathered before a client that follows the program gets them.
const GATHER_TIME: Duration = Duration::from_millis(200);

/// A page that follows the program asks again within this time, even on a busy machine.
const RETURN_TIME: Duration = Duration::from_secs(1);

/// The lines that clients get. Clients and the writer share it.
pub(in crate::timeline) struct Log {
    /// A number that no other recording has, at this address or another.
    recording: u64,
    state: Mutex<LogState>,
    changed: Condvar,
}

/// What a client has: all pieces up to the one with that number.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    pub(super) piece: u64,
    /// The recording that the piece is of, if the client says so.
    pub(super) recording: Option<u64>,
}

struct LogState {
    /// The lines that explain names. They are kept for clients that come late.
    names: Vec<u8>,
    pieces: VecDeque<Arc<[u8]>>,
    bytes: usize,
    /// The number of the first piece that is kept.
    first: u64,
    clients: usize,
    /// The requests for events that are being answered.
    answers: usize,
    /// The clients that got events, and have not come back for those behind them.
    away: usize,
    /// When the last of them got events.
    answered: Option<Instant>,
    is_complete: bool,
    is_closed: bool,
}

impl LogState {
    /// The number of the next piece.
    fn next(&self) -> u64 {
        self.first + self.pieces.len() as u64
    }
}

impl Log {
    pub(super) fn new(program: String) -> Self {
        let state = LogState {
            names: program.into_bytes(),
            pieces: VecDeque::new(),
            bytes: 0,
            first: 1,
            clients: 0,
            answers: 0,
            away: 0,
            answered: None,
            is_complete: false,
            is_closed: false,
        };
        let recording = RandomState::new().build_hasher().finish();
        Self { recording, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Appends lines, after which there are no more if they are the `last`.
    pub(in crate::timeline) fn push(&self, piece: Piece, last: bool) {
        let Piece { mut names, events } = piece;
        if events.is_empty() {
            return;
        }
        let mut state = lock_leaf(&self.state);
        state.names.extend_from_slice(&names);
        names.extend_from_slice(&events);
        state.bytes += names.len();
        state.pieces.push_back(names.into());
        while state.bytes > MOST && state.pieces.len() > 1 {
            let old = state.pieces.pop_front().map_or(0, |piece| piece.len());
            state.bytes -= old;
            state.first += 1;
        }
        state.is_complete |= last;
        self.changed.notify_all();
    }

    /// Has `send` send the pieces that a client lacks. To one that follows another recording, which was at this address
    /// before, it sends the line `R`.
    ///
    /// A client that has none gets them at once. Another gets those that were gathered in a moment, as soon as
    /// there are some, or none when `patience` is over. So a page that follows the program asks again at once,
    /// and the end of the program finds it waiting here.
    pub(super) fn answer<T>(
        &self,
        cursor: Cursor,
        patience: Duration,
        send: impl FnOnce(Vec<u8>) -> T,
    ) -> T {
        if cursor.recording.is_some_and(|recording| recording != self.recording) {
            return send(b"R\n".to_vec());
        }
        let after = cursor.piece;
        let mut state = lock_leaf(&self.state);
        state.answers += 1;
        state.away = state.away.saturating_sub(usize::from(after > 0));
        drop(state);
        let (text, is_last) = self.after(after, patience);
        let result = send(text);
        let mut state = lock_leaf(&self.state);
        state.answers -= 1;
        if !is_last {
            state.away += 1;
            state.answered = Some(Instant::now());
        }
        self.changed.notify_all();
        result
    }

    /// Returns the text of an answer, and whether nothing will follow it. The first line is `S`, the number of the last
    /// piece and that of the recording. A client that lacks pieces which were dropped, old or new, gets the line `G`,
    /// and all names.
    fn after(&self, after: u64, patience: Duration) -> (Vec<u8>, bool) {
        let begin = Instant::now();
        let mut state = lock_leaf(&self.state);
        // A number that no answer had.
        let after = if after < state.next() { after } else { 0 };
        while !state.is_complete {
            let patience = match (after, state.next() > after + 1) {
                (0, true) => break,
                (_, true) => GATHER_TIME.min(patience),
                (_, false) => patience,
            };
            let rest = patience.saturating_sub(begin.elapsed());
            if rest.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let is_last = state.is_complete;
        let mut text = format!("S {}.{}\n", state.next() - 1, self.recording).into_bytes();
        let begin = (after + 1).max(state.first);
        if after + 1 < state.first {
            text.extend_from_slice(b"G\n");
        }
        if after + 1 < state.first || after == 0 {
            text.extend_from_slice(&state.names);
        }
        let skipped = usize::try_from(begin - state.first).unwrap_or(usize::MAX);
        let pieces: Vec<Arc<[u8]>> = state.pieces.iter().skip(skipped).cloned().collect();
        drop(state);
        for piece in &pieces {
            text.extend_from_slice(piece);
        }
        (text, is_last)
    }

    /// Counts a client, unless there are `most`.
    pub(super) fn enter(&self, most: usize) -> bool {
        let mut state = lock_leaf(&self.state);
        let enters = state.clients < most;
        state.clients += usize::from(enters);
        enters
    }

    pub(super) fn leave(&self) {
        lock_leaf(&self.state).clients -= 1;
        self.changed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        lock_leaf(&self.state).is_closed
    }

    /// Waits until the clients that follow the program have the last piece, for as long as a client that is
    /// there takes at most, and lets no client in any more.
    pub(super) fn close(&self) {
        let begin = Instant::now();
        let mut state = lock_leaf(&self.state);
        loop {
            let since = match (state.answers, state.away) {
                (0, 0) => None,
                (0, _) => state.answered,
                _ => Some(begin),
            };
            let rest = since.map(|since| RETURN_TIME.saturating_sub(since.elapsed()));
            let Some(rest) = rest.filter(|rest| !rest.is_zero()) else { break };
            let waited = self.changed.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(log: &Log, names: &str, events: &str) {
        log.push(Piece { names: names.into(), events: events.into() }, false);
    }

    fn text(log: &Log, cursor: Cursor) -> String {
        let text = String::from_utf8(log.answer(cursor, Duration::ZERO, |text| text)).unwrap();
        text.replace(&format!(".{}\n", log.recording), "\n")
    }

    fn after(log: &Log, piece: u64) -> String {
        text(log, Cursor { piece, recording: Some(log.recording) })
    }

    #[test]
    fn client_gets_what_it_lacks() {
        let log = Log::new("P {}\n".to_owned());
        assert_eq!(after(&log, 0), "S 0\nP {}\n");
        push(&log, "N 1\n", "c 1\n");
        push(&log, "", "c 2\n");
        assert_eq!(after(&log, 0), "S 2\nP {}\nN 1\nN 1\nc 1\nc 2\n");
        assert_eq!(after(&log, 1), "S 2\nc 2\n");
        assert_eq!(after(&log, 2), "S 2\n");
        assert_eq!(after(&log, 77), after(&log, 0), "no answer had that number");
        assert_eq!(text(&log, Cursor { piece: 1, recording: None }), after(&log, 1));
    }

    #[test]
    fn client_of_another_recording_learns_so_and_gets_no_events() {
        let [before, log] = [(); 2].map(|()| Log::new(String::new()));
        push(&log, "", "c 1\n");
        let follows = Cursor { piece: 0, recording: Some(before.recording) };
        assert_eq!(text(&log, follows), "R\n");
        log.close();
        assert!(log.state.lock().unwrap().answered.is_none(), "the end did not wait for it");
    }

    #[test]
    fn client_that_is_too_late_learns_so_and_gets_all_names() {
        let log = Log::new(String::new());
        let megabyte = "t 1\n".repeat(1 << 18);
        for number in 0..40 {
            push(&log, &format!("N {number}\n"), &megabyte);
        }
        let late = after(&log, 1);
        assert!(late.starts_with("S 40\nG\nN 0\nN 1\n"), "{}", &late[..30]);
        assert!((MOST - (2 << 20)..MOST + 4096).contains(&late.len()), "{}", late.len());
        assert!(!after(&log, 39).contains('G'));
        assert_eq!(after(&log, 0), late, "so does one that is new");
    }

    #[test]
    fn waiting_client_is_answered_by_the_next_events() {
        let log = Arc::new(Log::new(String::new()));
        let client = {
            let log = log.clone();
            let nothing = Cursor { piece: 0, recording: None };
            std::thread::spawn(move || log.answer(nothing, Duration::from_secs(60), |text| text))
        };
        push(&log, "", "c 1\n");
        let text = String::from_utf8(client.join().unwrap()).unwrap();
        assert_eq!(text, format!("S 1.{}\nc 1\n", log.recording));
    }

    #[test]
    fn clients_are_bounded() {
        let log = Log::new(String::new());
        assert!(log.enter(2) && log.enter(2) && !log.enter(2));
        log.leave();
        assert!(log.enter(2));
    }
}
