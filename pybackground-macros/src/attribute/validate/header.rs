//! Rules about the function as a whole, and about combinations of options.

use proc_macro2::Ident;
use syn::{Attribute, FnArg, Pat, ReceiverKind, Signature};

use crate::attribute::parse::{Body, Function, Options, is_lazy};
use crate::attribute::report::Report;
use crate::attribute::{messages, tokens};

pub(super) fn check(function: &Function, options: &Options, report: &mut Report) {
    let signature = &function.signature;
    if let Some(constness) = &signature.constness {
        report.at(constness, messages::CONST);
    }
    if let Some(abi) = signature.abi.as_ref().filter(|abi| !is_rust(abi)) {
        report.at(abi, messages::EXTERN);
    }
    if let Some(variadic) = &signature.variadic {
        report.at(variadic, messages::VARIADIC);
    }
    if is_main(signature) {
        report.at(&signature.ident, messages::MAIN);
    }
    if is_destructor(signature) {
        report.at(&signature.ident, messages::DESTRUCTOR);
    }
    for attribute in function.attributes.iter().filter(|attribute| is_test(attribute)) {
        report.at(attribute, messages::TEST);
    }
    check_options(function, options, report);
}

fn check_options(function: &Function, options: &Options, report: &mut Report) {
    if let (Some(compute), Some(_)) = (&options.compute, &function.signature.asyncness) {
        report.at(compute, messages::COMPUTE_IS_NOT_ASYNC);
    }
    if let (Some(_), Some(own_stack)) = (&options.compute, &options.own_stack) {
        report.at(own_stack, messages::OWN_STACK_IS_NOT_COMPUTE);
    }
    if matches!(function.body, Body::Declaration(_)) {
        let decides = |key: &Ident| key == "crate" || key == "single_flight" || key == "cache";
        for key in options.keys.iter().filter(|key| !decides(key)) {
            report.at(key, messages::OPTION_WITHOUT_BODY);
        }
    }
    check_sharing(function, options, report);
    for (option, value) in options.expressions() {
        for name in parameter_names(&function.signature) {
            for name in tokens::uses(value.clone(), &name) {
                report.at(&name, messages::option_mentions(option, &name));
            }
        }
    }
}

fn check_sharing(function: &Function, options: &Options, report: &mut Report) {
    let Some(key) = options.sharing() else { return };
    if let (Some(single_flight), Some(_)) = (&options.single_flight, &options.cache) {
        report.at(single_flight, messages::CACHE_SHARES_FLIGHTS);
    }
    if options.leaves_process() {
        report.at(key, messages::SHARED_PROCESS);
    }
    for input in &function.signature.inputs {
        if let FnArg::Typed(parameter) = input {
            for lazy in parameter.attrs.iter().filter(|attribute| is_lazy(attribute)) {
                report.at(lazy, messages::SHARED_LAZY);
            }
        }
    }
}

fn parameter_names(signature: &Signature) -> impl Iterator<Item = Ident> {
    signature.inputs.iter().filter_map(|input| match input {
        FnArg::Receiver(receiver) => Some(Ident::from(receiver.self_token)),
        FnArg::Typed(parameter) => match &*parameter.pat {
            Pat::Ident(binding) => Some(binding.ident.clone()),
            _ => None,
        },
    })
}

fn is_rust(abi: &syn::Abi) -> bool {
    abi.name.as_ref().is_some_and(|name| name.value() == "Rust")
}

/// The `main` of a program has no parameters. A method or helper may have the name.
pub(crate) fn is_main(signature: &Signature) -> bool {
    signature.ident == "main" && signature.inputs.is_empty() && signature.generics.params.is_empty()
}

/// The method of `Drop`.
pub(crate) fn is_destructor(signature: &Signature) -> bool {
    let is_exclusive = |input: &FnArg| {
        matches!(input, FnArg::Receiver(receiver)
            if matches!(receiver.kind, ReceiverKind::Reference(_, _, Some(_))))
    };
    signature.ident == "drop"
        && signature.inputs.len() == 1
        && signature.inputs.iter().all(is_exclusive)
}

/// `#[test]`, `#[bench]`, and those of other crates: `#[tokio::test]`.
pub(crate) fn is_test(attribute: &Attribute) -> bool {
    let name = attribute.path().segments.last().map(|segment| &segment.ident);
    name.is_some_and(|name| name == "test" || name == "bench")
}
