//! One event, as four words.

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum EventKind {
    /// A call was made. `name` is the call's, `other` the call whose body made it.
    Created,
    /// A call that was held back was queued.
    Queued,
    /// The body began on this thread. `name` is the call's, `detail` a `Place` of the events.
    Started,
    /// The body continued on this thread. `name` is the call's.
    Resumed,
    /// The body left this thread.
    Left,
    /// The body left this thread, and the call has its outcome. As `Ended`.
    Finished,
    /// The call has its outcome. `detail` is a [`Verdict`](crate::error::Verdict), `other` a text.
    Ended,
    /// The call was closed before its body ended. As `Ended`.
    Stopped,
    /// This thread blocks until `call` ends, or any of several calls. `name` is the place of the wait,
    /// `other` the name of the awaited call.
    Blocked,
    /// The thread continues. `detail` is a `WaitEnd` of the events, `other` a text.
    Unblocked,
    /// The body of `call` runs in the worker `other` from here on.
    Away,
    /// The body of `call` has left the worker.
    Back,
    /// The answer to `call` has come from the worker `name`, to which it was sent at the time `other`.
    Answered,
    /// Nothing used the value of the call, which is gone.
    Unused,
    /// `other` events of this thread were not recorded.
    Lost,
    /// The thread ended. It is the writer that records it.
    Exited,
}

const KINDS: [EventKind; 16] = [
    EventKind::Created,
    EventKind::Queued,
    EventKind::Started,
    EventKind::Resumed,
    EventKind::Left,
    EventKind::Finished,
    EventKind::Ended,
    EventKind::Stopped,
    EventKind::Blocked,
    EventKind::Unblocked,
    EventKind::Away,
    EventKind::Back,
    EventKind::Answered,
    EventKind::Unused,
    EventKind::Lost,
    EventKind::Exited,
];

/// An event of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: EventKind,
    pub(crate) detail: u8,
    pub(crate) name: u32,
    /// Nanoseconds of [`clock`](super::clock).
    pub(crate) time: u64,
    /// The number of the call; 0 is none.
    pub(crate) call: u64,
    pub(crate) other: u64,
}

/// A thread's number is the upper half of the numbers of the calls that it makes.
pub(super) const CALL_BITS: u32 = 32;

pub(super) type Words = [u64; 4];

impl Record {
    pub(crate) const fn new(kind: EventKind, time: u64, call: u64) -> Self {
        Self { kind, detail: 0, name: 0, time, call, other: 0 }
    }

    #[inline]
    pub(super) fn words(self) -> Words {
        let head = self.kind as u64 | u64::from(self.detail) << 8 | u64::from(self.name) << 32;
        [head, self.time, self.call, self.other]
    }

    pub(super) fn from_words([head, time, call, other]: Words) -> Self {
        let [kind, detail, _, _, name @ ..] = head.to_le_bytes();
        Self {
            kind: KINDS[usize::from(kind)],
            detail,
            name: u32::from_le_bytes(name),
            time,
            call,
            other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_survives_its_words() {
        for (number, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
            let record = Record { kind, detail: 255, name: u32::MAX, time: 1, call: 2, other: 3 };
            assert_eq!(Record::from_words(record.words()), record);
        }
    }
}
