//! Decides whether a function can run in the background. Each file has one kind of rule and decides by
//! syntax alone. Rules about types are left to the compiler, and the runtime's traits provide the messages
//! (`#[diagnostic::on_unimplemented]`).
//!
//! - [`header`]: the function as a whole, and its options
//! - [`borrows`]: the lifetimes in a type
//! - [`passing`]: how each argument moves to the body
//! - [`generics`]: type parameters without bounds
//! - [`process`]: functions that run in another process

mod borrows;
mod generics;
mod header;
mod passing;
mod process;

use syn::{FnArg, ReturnType};

use self::borrows::Statics;
pub(crate) use self::header::{is_destructor, is_main, is_test};
pub(crate) use self::passing::{Passing, outermost_reference};
use super::messages;
use super::parse::{Body, Function, Options};
use super::report::Report;

/// Reports all errors, and returns for each parameter, in order, how it is passed.
pub(crate) fn validate(
    function: &Function,
    options: &Options,
    report: &mut Report,
) -> Vec<Passing> {
    let signature = &function.signature;
    header::check(function, options, report);
    let statics = Statics::of(&signature.generics);
    let words =
        if options.leaves_process() { &messages::PROCESS_BORROWS } else { &messages::BORROWS };
    let passing = signature.inputs.iter().map(|input| match input {
        // Refused for any receiver.
        FnArg::Receiver(_) if options.leaves_process() => Passing::Moved,
        // Refused as a whole.
        FnArg::Receiver(_) if is_destructor(signature) => Passing::Moved,
        input => passing::of(input, &statics, words, report),
    });
    let passing = passing.collect();
    if let ReturnType::Type(_, output) = &signature.output {
        borrows::each(output, &statics, &mut |borrow| {
            report.at(borrow, words.returned);
        });
    }
    // A declaration needs no bounds, only its implementations do.
    if matches!(function.body, Body::Block { .. }) {
        process::check(function, options, report);
        generics::check(signature, report);
    }
    passing
}
