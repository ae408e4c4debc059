//! The second program of the README, which has no line of its own for a lint.

include!("second.rs");
