//! What the expansion of `#[background]` is made of, besides the call itself.
//!
//! - [`arguments`]: how an argument travels from the caller into the body
//! - [`dataflow`]: arguments that may be on their way
//! - [`output`]: how the body is handed over, and what may come back
//! - [`timeout`]: what may be written as a timeout, here and in `background(f).timeout(..)`
//!
//! Most of it exists for what the compiler says when a function cannot run in the background: each
//! requirement is a trait with words of its own, asked for where the argument stands.

mod arguments;
mod dataflow;
mod output;
mod timeout;

pub use self::arguments::{
    Borrows, BorrowsReceiver, Carrier, Given, Lent, Takes, give, lend, lend_receiver,
};
pub use self::dataflow::{Expected, Inputs, LazyArgument, Needed, expect};
pub use self::output::{Function, Returns, limit, never_any};
pub use self::timeout::{BadTimeout, IntoTimeout, timeout};

/// What has requirements of the types that go into it and come out of it.
pub struct BackgroundCall;
