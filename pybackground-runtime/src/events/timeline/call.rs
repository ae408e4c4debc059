//! The events of a call.

use std::any::Any;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::call::Call;
use crate::error::{Error, Progress, Verdict, is_stop};
use crate::events::Place;
use crate::panic::text_of;
use crate::stacks::Key;
use crate::timeline::record::{Kind, Record};
use crate::timeline::{clock, here, texts};

/// The outcome was recorded.
const ENDED: u8 = 1;
/// Something used the value, or there is none to use.
const USED: u8 = 2;

/// What is kept of a call that is recorded.
#[derive(Default)]
pub(crate) struct CallMark {
    /// The number of the call; 0 if it is not recorded.
    number: u64,
    name: u32,
    flags: AtomicU8,
}

/// A body is on this thread until this is dropped.
pub(crate) struct Entered {
    call: u64,
    below: u64,
}

impl CallMark {
    /// The mark of a call that is not recorded.
    pub(crate) const fn none() -> Self {
        Self { number: 0, name: 0, flags: AtomicU8::new(0) }
    }

    /// A call of that name is made on this thread.
    pub(crate) fn created(key: Key, call: impl FnOnce() -> Call) -> Self {
        let made = here::with(|here| {
            let (number, name) = (here.next_call(), here.name(key, call).number());
            let record = Record::new(Kind::Created, clock::now(), number);
            here.push(Record { name, other: here.current(), ..record });
            Self { number, name, flags: AtomicU8::new(0) }
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

    /// Sets a flag; returns whether it was not set before.
    fn set(&self, flag: u8) -> bool {
        // ORDERING: `Relaxed`. The end of a call is recorded once, and whoever drops the call comes later.
        self.flags.fetch_or(flag, Ordering::Relaxed) & flag == 0
    }

    pub(crate) fn queued(&self) {
        if self.is_recorded() {
            here::with(|here| here.push(Record::new(Kind::Queued, clock::now(), self.number)));
        }
    }

    #[inline]
    pub(crate) fn started(&self, place: Place) -> Option<Entered> {
        self.enter(Kind::Started, place)
    }

    #[inline]
    pub(crate) fn resumed(&self) -> Option<Entered> {
        self.enter(Kind::Resumed, Place::Worker)
    }

    #[inline]
    fn enter(&self, kind: Kind, place: Place) -> Option<Entered> {
        if !self.is_recorded() {
            return None;
        }
        here::with(|here| {
            let record = Record::new(kind, clock::now(), self.number);
            here.push(Record { detail: place as u8, name: self.name, ..record });
            Entered { call: self.number, below: here.enter(self.number) }
        })
    }

    #[inline]
    pub(crate) fn ended(&self, error: Option<&Error>) {
        if self.is_recorded() {
            let verdict = error.map_or(Verdict::Ok, Verdict::of);
            self.end(verdict, || error.map(Error::to_string));
        }
    }

    pub(crate) fn ended_inline(&self, payload: Option<&(dyn Any + Send)>) {
        let verdict = Verdict::of_body(payload);
        self.used();
        let panic = payload.filter(|payload| !is_stop(*payload)).and_then(text_of);
        self.end(verdict, || panic.map(|text| format!("the body panicked: {text}")));
    }

    pub(crate) fn stopped(&self, error: &Error, body: Progress) {
        if !self.is_recorded() || !self.set(ENDED) {
            return;
        }
        let kind = if body == Progress::Running { Kind::Stopped } else { Kind::Ended };
        self.push_end(kind, Verdict::of(error), Some(error.to_string()));
    }

    /// The value of the call is taken, or is not to be missed.
    #[inline]
    pub(crate) fn used(&self) {
        if self.is_recorded() {
            self.set(USED);
        }
    }

    fn end(&self, verdict: Verdict, text: impl FnOnce() -> Option<String>) {
        if self.is_recorded() && self.set(ENDED) {
            self.push_end(Kind::Ended, verdict, text());
        }
    }

    fn push_end(&self, kind: Kind, verdict: Verdict, text: Option<String>) {
        here::with(|here| {
            let record = Record::new(kind, here.time_of_end(self.number), self.number);
            let (detail, other) = (verdict as u8, text.map_or(0, texts::keep));
            here.push(Record { detail, name: self.name, other, ..record });
        });
    }

    #[cold]
    fn unused(&self) {
        here::with(|here| here.push(Record::new(Kind::Unused, clock::now(), self.number)));
    }
}

/// A call that was never closed was dropped by the only holder of its waker.
impl Drop for CallMark {
    #[inline]
    fn drop(&mut self) {
        if self.is_recorded() {
            self.end(Verdict::Dropped, || None);
            if self.set(USED) {
                self.unused();
            }
        }
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        here::with(|here| here.leave(self.call, self.below));
    }
}
