//! What the benchmark programs share.
//!
//! | module | subject |
//! |---|---|
//! | [`harness`] | rows, contenders and bars; runs that alternate; the table |
//! | [`peer`] | pybackground and what a user would pick instead, behind one trait |
//! | [`measure`] | timing a piece of code, and the statistics of it |
//! | [`work`] | a body that burns CPU for a known time |
//! | [`process`] | what the system says of this process: threads, memory, context switches |

pub mod harness;
pub mod measure;
pub mod peer;
pub mod process;
pub mod work;
