//! Calls together: with each other, and with what else a program waits for.
//!
//! | file | subject |
//! |---|---|
//! | `as_completed` | the results of many calls in the order in which they come |
//! | `map` | a call that goes on with the value of another |
//! | `signal` | a call beside channels, in a `select!` |

mod as_completed;
mod map;
mod signal;

pub use as_completed::{AsCompleted, NotYet, as_completed};
pub use signal::Signal;
