//! A body that runs elsewhere: in another process, here or on another machine.

use crate::timeline::record::{EventKind, Record};
use crate::timeline::{clock, here, state, texts};

/// The body of this thread runs in a worker until this is dropped.
pub(crate) struct Elsewhere {
    is_recorded: bool,
}

/// The body on top of this thread's stack runs in a worker of that name, such as `process 4711`, until the
/// guard is dropped. The worker gets a row of its own.
#[must_use]
pub(crate) fn elsewhere(worker: impl FnOnce() -> String) -> Elsewhere {
    let is_recorded = state::is_on();
    if is_recorded {
        let other = u64::from(texts::worker(worker()));
        here::with(|here| {
            let record = Record::new(EventKind::Away, clock::now(), here.current());
            here.push(Record { other, ..record });
        });
    }
    Elsewhere { is_recorded }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if self.is_recorded {
            here::with(|here| {
                here.push(Record::new(EventKind::Back, clock::now(), here.current()));
            });
        }
    }
}

/// When a call was sent to a worker, if that is recorded.
#[cfg(feature = "remote")]
pub(crate) struct SentMark(Option<u64>);

#[cfg(feature = "remote")]
impl SentMark {
    pub(crate) fn now() -> Self {
        Self(state::is_on().then(clock::now))
    }

    /// A worker of that name, such as `worker box:4711`, had the call on top of this thread's stack until now. Which
    /// worker is known from the answer only.
    pub(crate) fn answered(&self, worker: impl FnOnce() -> String) {
        let Some(sent) = self.0.filter(|_| state::is_on()) else { return };
        let name = texts::worker(worker());
        here::with(|here| {
            let record = Record::new(EventKind::Answered, clock::now(), here.current());
            here.push(Record { name, other: sent, ..record });
        });
    }
}
