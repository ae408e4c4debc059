//! Combines calls with each other, and with channels.
//!
//! | file | subject |
//! |---|---|
//! | `as_completed` | the results of many calls in the order in which the calls end |
//! | `all` | the values of several calls, or the first error |
//! | `arrivals` | the wait for the first of several calls to end |
//! | `map` | calls that take the value or the outcome of another: `map`, `then`, `and_then`, `flatten` |
//! | `signal` | a call as a channel, for `select!` |

mod all;
mod arrivals;
mod as_completed;
mod map;
mod signal;

pub use all::{Calls, TryCalls, all, try_all, value};
pub use as_completed::{AsCompleted, NotYet, as_completed};
pub use signal::Signal;
