//! The observer of the feature `timeline`: writes the events of calls into the buffer of their thread.
//!
//! | file | subject |
//! |---|---|
//! | `call` | the events of a call |
//! | `wait` | the events of a wait that blocks |
//! | `elsewhere` | the events of a body in another process, here or on another machine |

mod call;
#[cfg(feature = "process")]
mod elsewhere;
mod wait;

pub(super) use crate::timeline::is_enabled;
#[cfg(not(debug_assertions))]
pub(super) use crate::timeline::may_be_enabled;
pub(super) use call::{CallMark, EnteredMark};
#[cfg(feature = "remote")]
pub(super) use elsewhere::SentMark;
#[cfg(feature = "process")]
pub(super) use elsewhere::elsewhere;
pub(super) use wait::WaitMark;
