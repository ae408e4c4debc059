//! A body that runs elsewhere: in another process.

use crate::timeline::record::{Kind, Record};
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
            let record = Record::new(Kind::Away, clock::now(), here.current());
            here.push(Record { other, ..record });
        });
    }
    Elsewhere { is_recorded }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if self.is_recorded {
            here::with(|here| here.push(Record::new(Kind::Back, clock::now(), here.current())));
        }
    }
}
