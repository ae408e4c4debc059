//! Calls together: with each other, and with what else a program waits for.
//!
//! | file | subject |
//! |---|---|
//! | `as_completed` | the results of many calls in the order in which they come |
//! | `all` | the values of several calls, or the first error |
//! | `arrivals` | waiting for whichever of several calls ends first |
//! | `map` | calls that go on with what another comes to |
//! | `signal` | a call beside channels, in a `select!` |

mod all;
mod arrivals;
mod as_completed;
mod map;
mod signal;

pub use all::{Calls, TryCalls, all, try_all, value};
pub use as_completed::{AsCompleted, NotYet, as_completed};
pub use signal::Signal;
