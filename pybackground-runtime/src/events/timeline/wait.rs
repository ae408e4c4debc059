//! The events of a wait that blocks.

use std::panic::Location;

use super::call::CallMark;
use crate::call::Call;
use crate::error::Error;
use crate::site::UsedAt;
use crate::timeline::here::{self, Here};
use crate::timeline::record::{EventKind, Record};
use crate::timeline::{clock, state, texts};

/// How a wait ended.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum WaitEnd {
    Ended,
    TimeIsOver,
    Deadlock,
    GivenUp,
}

/// A wait that is recorded, or not.
pub(crate) struct WaitMark {
    is_recorded: bool,
}

impl WaitMark {
    #[inline]
    pub(crate) fn enter(
        call: impl FnOnce() -> Call,
        site: &'static Location<'static>,
        awaited: Option<&CallMark>,
    ) -> Self {
        let is_recorded = state::is_on();
        if is_recorded {
            here::with(|here| blocked(here, call(), site, awaited));
        }
        Self { is_recorded }
    }

    pub(crate) fn exit(self, waited: &Result<bool, Error>) {
        if !self.is_recorded {
            return;
        }
        let (end, text) = match waited {
            Ok(true) => (WaitEnd::Ended, None),
            Ok(false) => (WaitEnd::TimeIsOver, None),
            Err(error) if error.is_deadlock() => (WaitEnd::Deadlock, Some(error.to_string())),
            Err(_) => (WaitEnd::GivenUp, None),
        };
        here::with(|here| {
            let other = text.map_or(0, texts::keep);
            let record = Record::new(EventKind::Unblocked, clock::now(), here.current());
            here.push(Record { detail: end as u8, other, ..record });
        });
    }
}

#[cold]
fn blocked(here: &Here, call: Call, site: &'static Location<'static>, awaited: Option<&CallMark>) {
    let name = |call: Call| here.name(call.key(), || call).number();
    // A place without a function: see `timeline::lines`.
    let place = UsedAt(site).user().map_or(0, |site| name(Call::new("", site)) + 1);
    let record = Record::new(EventKind::Blocked, clock::now(), awaited.map_or(0, CallMark::number));
    here.push(Record { name: place, other: u64::from(name(call)), ..record });
}
