//! What a `Lazy<T>` forwards to its `T`, a file a family.

mod access;
mod arithmetic;
mod compare;
mod format;
