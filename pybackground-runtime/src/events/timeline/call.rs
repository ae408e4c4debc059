//! The events of a call.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::call::Call;
use crate::error::{Error, Progress, Verdict, is_stop};
use crate::events::Place;
use crate::panic::text_of;
use crate::stacks::CallKey;
use crate::timeline::here::Here;
use crate::timeline::record::{EventKind, Record};
use crate::timeline::{clock, here, texts};

/// What is kept of a call that is recorded.
#[derive(Default)]
pub(crate) struct CallMark {
    /// The number of the call; 0 if it is not recorded.
    number: u64,
    name: u32,
    /// The outcome was recorded.
    has_ended: AtomicBool,
    /// Something used the value, or there is none to use.
    is_used: AtomicBool,
}

/// A body is on this thread until this is dropped.
pub(crate) struct EnteredMark {
    /// 0 if the call is not recorded.
    call: u64,
    below: u64,
}

// An event of a call that is not recorded costs a branch. What records is in functions of their own, and so out of the way of
// these calls. They are not `#[cold]`, or they would be compiled for size.

impl CallMark {
    /// The mark of a call that is not recorded.
    pub(crate) const fn none() -> Self {
        Self::new(0, 0)
    }

    const fn new(number: u64, name: u32) -> Self {
        Self { number, name, has_ended: AtomicBool::new(false), is_used: AtomicBool::new(false) }
    }

    /// A call of that name is made on this thread.
    #[inline(never)]
    pub(crate) fn created(key: CallKey, call: impl FnOnce() -> Call) -> Self {
        let made = here::with(|here| {
            let (number, name) = (here.next_call(), here.name(key, call).number());
            let record = Record::new(EventKind::Created, clock::now(), number);
            here.push(Record { name, other: here.current(), ..record });
            Self::new(number, name)
        });
        made.unwrap_or_default()
    }

    #[inline]
    pub(crate) fn is_recorded(&self) -> bool {
        self.number != 0
    }

    /// The number of the call; 0 if it is not recorded.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Notes that the call ends; returns whether it had not. The state of the call decides which one of several ends
    /// counts, so two threads never do this at the same time.
    fn note_end(&self) -> bool {
        // ORDERING: `Relaxed`, a flag that the state of the call orders.
        let is_first = !self.has_ended.load(Ordering::Relaxed);
        self.has_ended.store(true, Ordering::Relaxed);
        is_first
    }

    #[inline]
    pub(crate) fn queued(&self) {
        if self.is_recorded() {
            self.push_queued();
        }
    }

    #[inline]
    pub(crate) fn started(&self, place: Place) -> EnteredMark {
        self.enter(EventKind::Started, place)
    }

    #[inline]
    pub(crate) fn resumed(&self) -> EnteredMark {
        self.enter(EventKind::Resumed, Place::Worker)
    }

    #[inline]
    fn enter(&self, kind: EventKind, place: Place) -> EnteredMark {
        if self.is_recorded() {
            self.push_enter(kind, place)
        } else {
            EnteredMark { call: 0, below: 0 }
        }
    }

    #[inline]
    pub(crate) fn ended(&self, error: Option<&Error>) {
        if self.is_recorded() {
            self.end_with(error);
        }
    }

    pub(crate) fn ended_inline(&self, payload: Option<&(dyn Any + Send)>) {
        let verdict = Verdict::of_body(payload);
        self.used();
        let panic = payload.filter(|payload| !is_stop(*payload)).and_then(text_of);
        self.end(verdict, || panic.map(|text| format!("the body panicked: {text}")));
    }

    #[inline]
    pub(crate) fn stopped(&self, error: &Error, body: Progress) {
        if self.is_recorded() {
            self.stop(error, body);
        }
    }

    /// The value of the call is taken, or is not to be missed.
    #[inline]
    pub(crate) fn used(&self) {
        // ORDERING: `Relaxed`, it is read when the call has one owner left.
        self.is_used.store(true, Ordering::Relaxed);
    }

    /// The body has left its thread, and this is not the end of the call.
    #[inline]
    pub(crate) fn left(&self) {
        if self.is_recorded() {
            push_left();
        }
    }

    #[cold]
    fn push_queued(&self) {
        here::with(|here| here.push(Record::new(EventKind::Queued, clock::now(), self.number)));
    }

    #[inline(never)]
    fn push_enter(&self, kind: EventKind, place: Place) -> EnteredMark {
        let entered = here::with(|here| {
            let record = Record::new(kind, clock::now(), self.number);
            here.push(Record { detail: place as u8, name: self.name, ..record });
            EnteredMark { call: self.number, below: here.enter(self.number) }
        });
        entered.unwrap_or(EnteredMark { call: 0, below: 0 })
    }

    #[inline(never)]
    fn end_with(&self, error: Option<&Error>) {
        let verdict = error.map_or(Verdict::Ok, Verdict::of);
        self.end(verdict, || error.map(Error::to_string));
    }

    #[cold]
    fn stop(&self, error: &Error, body: Progress) {
        if self.note_end() {
            let kind =
                if body == Progress::Running { EventKind::Stopped } else { EventKind::Ended };
            self.push_end(kind, Verdict::of(error), Some(error.to_string()));
        }
    }

    fn end(&self, verdict: Verdict, text: impl FnOnce() -> Option<String>) {
        if self.is_recorded() && self.note_end() {
            self.push_end(EventKind::Ended, verdict, text());
        }
    }

    fn push_end(&self, kind: EventKind, verdict: Verdict, text: Option<String>) {
        here::with(|here| {
            let (detail, other) = (verdict as u8, text.map_or(0, texts::keep));
            let record = Record::new(kind, 0, self.number);
            here.push_end(Record { detail, name: self.name, other, ..record });
        });
    }

    /// A call that was never closed was dropped by the only holder of its waker.
    #[inline(never)]
    fn dropped(&mut self) {
        if !*self.has_ended.get_mut() {
            self.end(Verdict::Dropped, || None);
        }
        if !*self.is_used.get_mut() {
            here::with(|here| here.push(Record::new(EventKind::Unused, clock::now(), self.number)));
        }
    }
}

impl Drop for CallMark {
    #[inline]
    fn drop(&mut self) {
        if self.is_recorded() {
            self.dropped();
        }
    }
}

impl Drop for EnteredMark {
    #[inline]
    fn drop(&mut self) {
        if self.call != 0 {
            leave(self.call, self.below);
        }
    }
}

#[inline(never)]
fn leave(call: u64, below: u64) {
    here::with(|here| here.leave(call, below));
}

#[inline(never)]
fn push_left() {
    here::with(Here::push_left);
}
