//! What a `Lazy<T>` and a `Shared<T>` forward to their `T`, a file a family.
//!
//! | file | subject |
//! |---|---|
//! | `access` | reaching the value: dereferencing, borrowing, indexing, converting |
//! | `format` | printing it, and the error that it is |
//! | `compare` | comparing and hashing it |
//! | `sequences` | comparing it with strings and slices of other types |
//! | `arithmetic` | operators, with the pointer on the left |
//! | `numbers` | operators with a number on the left, sums and products |
//! | `iterate` | loops over it, and adding to it |
//! | `io` | reading from it and writing to it |
//! | `serialize` | the feature `serde` |
//! | `table.md` | all of it for the reader; a test holds it against the code |
//!
//! Each family is a macro over the pointers that have it. Two rules keep out what does harm:
//!
//! - No `impl` for a type of the standard library that has a single `impl` of its kind, for from that
//!   one the compiler infers types in code that has nothing to do with us.
//! - Whatever can panic with the panic of a call is `#[track_caller]`.

mod access;
mod arithmetic;
mod compare;
mod format;
mod io;
mod iterate;
mod numbers;
mod sequences;
#[cfg(feature = "serde")]
mod serialize;
