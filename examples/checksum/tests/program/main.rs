//! The program, run as its users run it.
//!
//! | file | promise |
//! |---|---|
//! | `results` | every file is hashed, what is the same is found, the output is the same each time |
//! | `failures` | what cannot be read is named and does not stop the rest |
//! | `open_files` | however many threads there are, only so many files are open at once |

mod failures;
#[cfg(target_os = "linux")]
mod open_files;
mod results;
mod support;
