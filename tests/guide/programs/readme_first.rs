//! The first program of the README, which has no line of its own for a lint.

include!("first.rs");
