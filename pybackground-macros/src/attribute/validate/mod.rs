//! Can this function run in the background? Each file holds one kind of rule and decides from the
//! syntax alone; what only types can tell is left to the compiler, which the expansion equips with
//! words of our own (`#[diagnostic::on_unimplemented]` in the runtime).
//!
//! - [`header`]: the function as a whole, and the options that go with it
//! - [`borrows`]: which lifetimes a type holds
//! - [`passing`]: how each argument gets to the other thread
//! - [`generics`]: type parameters that promise nothing
//! - [`process`]: what cannot run in another process

mod borrows;
mod generics;
mod header;
mod passing;
mod process;

use syn::{FnArg, ReturnType};

use self::borrows::Statics;
pub(crate) use self::header::{is_main, is_test};
pub(crate) use self::passing::{Passing, outermost_reference};
use super::messages;
use super::parse::{Body, Function, Options};
use super::report::Report;

/// Reports everything that cannot be done, and says of each parameter, in order, how it is passed.
pub(crate) fn validate(
    function: &Function,
    options: &Options,
    report: &mut Report,
) -> Vec<Passing> {
    let signature = &function.signature;
    header::check(function, options, report);
    let statics = Statics::of(&signature.generics);
    let words =
        if options.process.is_some() { &messages::PROCESS_BORROWS } else { &messages::BORROWS };
    let passing = signature.inputs.iter().map(|input| match input {
        // Refused whatever it is.
        FnArg::Receiver(_) if options.process.is_some() => Passing::Moved,
        input => passing::of(input, &statics, words, report),
    });
    let passing = passing.collect();
    if let ReturnType::Type(_, output) = &signature.output {
        borrows::each(output, &statics, &mut |borrow| {
            report.at(borrow, words.returned);
        });
    }
    // A declaration's bounds are those of its trait; it is the implementations that need them.
    if matches!(function.body, Body::Block { .. }) {
        process::check(function, options, report);
        generics::check(signature, report);
    }
    passing
}
