//! The buffer of this thread, and the call whose body it runs.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::buffer::{Chunk, ThreadLog};
use super::clock::now;
use super::record::{CALL_BITS, EventKind, Record};
use super::{session, state};
use crate::call::Call;
use crate::stacks::{CallKey, CallName, RecentNames};

thread_local! {
    static HERE: Here = Here::new();
}

/// What this thread records.
pub(crate) struct Here {
    log: Arc<ThreadLog>,
    chunk: RefCell<Option<Arc<Chunk>>>,
    /// The number of events that found no room.
    lost: Cell<u64>,
    names: RecentNames,
    last_call: Cell<u32>,
    /// The call whose body is on top of the stack.
    current: Cell<u64>,
    /// The call whose body has left this thread, and when, until that is recorded: with the end of the call if that
    /// is next. Call 0 is none.
    left: Cell<(u64, u64)>,
}

/// Runs `act` with this thread's buffer, unless the thread ends.
#[inline]
pub(crate) fn with<R>(act: impl FnOnce(&Here) -> R) -> Option<R> {
    HERE.try_with(act).ok()
}

impl Here {
    fn new() -> Self {
        let thread = std::thread::current();
        let log = ThreadLog::new(thread.name().unwrap_or("a thread without a name"));
        Self {
            chunk: RefCell::new(log.next_chunk()),
            log,
            lost: Cell::new(0),
            names: RecentNames::new(),
            last_call: Cell::new(0),
            current: Cell::new(0),
            left: Cell::new((0, 0)),
        }
    }

    /// Records an event, unless the recording is over.
    #[inline]
    pub(crate) fn push(&self, record: Record) {
        self.push_left();
        self.append(record);
    }

    /// Records that a body has left this thread, if that is still to be recorded.
    #[inline]
    pub(crate) fn push_left(&self) {
        let (call, time) = self.left.get();
        if call != 0 {
            self.left.set((0, 0));
            self.append(Record::new(EventKind::Left, time, call));
        }
    }

    #[inline]
    fn append(&self, record: Record) {
        if !state::is_on() {
            return;
        }
        let words = record.words();
        let is_pushed = self.chunk.borrow().as_ref().is_some_and(|chunk| chunk.push(words));
        if !is_pushed {
            self.push_to_next_chunk(record);
        }
    }

    #[cold]
    fn push_to_next_chunk(&self, record: Record) {
        let Some(chunk) = self.log.next_chunk() else {
            self.lost.set(self.lost.get() + 1);
            return;
        };
        if self.log.is_writer_due() {
            session::wake_writer();
        }
        let lost = self.lost.replace(0);
        if lost > 0 {
            let lost = Record { other: lost, ..Record::new(EventKind::Lost, record.time, 0) };
            chunk.push(lost.words());
        }
        chunk.push(record.words());
        self.chunk.replace(Some(chunk));
    }

    /// Returns a number for a call that this thread makes.
    #[inline]
    pub(crate) fn next_call(&self) -> u64 {
        // The 0 after the last number stands for no call.
        let number = self.last_call.get().wrapping_add(1).max(1);
        self.last_call.set(number);
        u64::from(self.log.number) << CALL_BITS | u64::from(number)
    }

    /// Returns the number of a name.
    #[inline]
    pub(crate) fn name(&self, key: CallKey, call: impl FnOnce() -> Call) -> CallName {
        self.names.name(key, call)
    }

    /// The call whose body is on top of the stack; 0 if there is none.
    #[inline]
    pub(crate) fn current(&self) -> u64 {
        self.current.get()
    }

    /// Puts a body on top of the stack; returns the one below.
    #[inline]
    pub(crate) fn enter(&self, call: u64) -> u64 {
        self.current.replace(call)
    }

    /// Takes the body of `call` from the stack, on which `below` is next.
    #[inline]
    pub(crate) fn leave(&self, call: u64, below: u64) {
        self.push_left();
        self.current.set(below);
        self.left.set((call, now()));
    }

    /// Records the end of a call, in one record with its body if that has just left this thread.
    #[inline]
    pub(crate) fn push_end(&self, end: Record) {
        let (left, time) = self.left.get();
        if (left, end.kind) == (end.call, EventKind::Ended) {
            self.left.set((0, 0));
            self.append(Record { kind: EventKind::Finished, time, ..end });
        } else {
            self.push(Record { time: now(), ..end });
        }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.push_left();
        self.log.end(now(), self.lost.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_a_call_is_never_the_one_that_stands_for_no_call() {
        let here = Here::new();
        let number = || here.next_call() & ((1 << CALL_BITS) - 1);
        assert_eq!(number(), 1);
        here.last_call.set(u32::MAX);
        assert_eq!(number(), 1);
    }
}
