//! A call that nobody makes, so that it ends at its deadline.

use std::sync::Arc;

use super::body::Closure;
use super::header::Header;
use super::phase::Phase;
use super::state::Core;
use super::{Mutex, Task};
use crate::options::Options;
use crate::stacks::Frame;
use crate::trace::Trace;

impl Task<Closure<fn()>> {
    /// No body counts as its maker: a future that waits for time has made no call by that.
    pub(crate) fn alarm() -> Arc<Self> {
        Arc::new(Self {
            phase: Phase::new(false),
            core: Mutex::new(Core::queued(Closure(|| ()))),
            header: Header::made_by(Frame::NONE, &Options::here(), Trace::UNTOLD),
        })
    }
}
