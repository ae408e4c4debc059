//! Rules about functions that run in another process, on this machine or another. The process finds the function in a list, and serde
//! has to know the types.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, GenericParam, ReturnType, Type};

use crate::attribute::messages;
use crate::attribute::parse::{Function, Options, is_lazy};
use crate::attribute::report::Report;
use crate::attribute::tokens;

pub(super) fn check(function: &Function, options: &Options, report: &mut Report) {
    if options.remote.is_none() {
        let keys = options.keys.iter().filter(|key| *key == "retry" || *key == "queue");
        for key in keys {
            report.at(key, messages::needs_remote(key));
        }
    }
    if let (Some(_), Some(process)) = (&options.remote, &options.process) {
        report.at(process, messages::REMOTE_IS_NOT_PROCESS);
    }
    if !options.leaves_process() {
        if let Some((key, _)) = &options.memory {
            report.at(key, messages::MEMORY_NEEDS_PROCESS);
        }
        return;
    }
    let signature = &function.signature;
    if let Some(compute) = &options.compute {
        report.at(compute, messages::PROCESS_IS_NOT_COMPUTE);
    }
    if let Some(own_stack) = &options.own_stack {
        report.at(own_stack, messages::PROCESS_HAS_OWN_STACK);
    }
    if let Some(asyncness) = &signature.asyncness {
        report.at(asyncness, messages::PROCESS_IS_NOT_ASYNC);
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            report.at(parameter, messages::PROCESS_GENERIC);
        }
    }
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(receiver) => report.at(receiver, messages::PROCESS_RECEIVER),
            FnArg::Typed(parameter) => {
                for lazy in parameter.attrs.iter().filter(|attribute| is_lazy(attribute)) {
                    report.at(lazy, messages::PROCESS_LAZY);
                }
                if let Some(lazy) = lazy_value(parameter.ty.to_token_stream()) {
                    report.at(lazy, messages::PROCESS_LAZY);
                }
                check_type(&parameter.ty, report);
            }
        }
    }
    if let ReturnType::Type(_, output) = &signature.output {
        check_type(output, report);
        if let Type::Never(never) = &**output {
            report.at(never, messages::PROCESS_NEVER);
        }
    }
}

fn check_type(ty: &Type, report: &mut Report) {
    if let Some(borrow) = static_borrow(ty.to_token_stream()) {
        report.at(borrow, messages::PROCESS_STATIC);
    }
    if let Some(opaque) = tokens::find(ty.to_token_stream(), "impl") {
        report.at(opaque, messages::PROCESS_IMPL);
    }
    if let Some(this) = tokens::find(ty.to_token_stream(), "Self") {
        report.at(this, messages::PROCESS_SELF);
    }
}

/// Finds a `&'static`, at any depth.
fn static_borrow(tokens: TokenStream) -> Option<TokenStream> {
    let trees: Vec<_> = tokens.into_iter().collect();
    let inside = trees.iter().find_map(|tree| match tree {
        TokenTree::Group(group) => static_borrow(group.stream()),
        _ => None,
    });
    let here = || {
        let borrow = trees.windows(3).find(|trees| {
            tokens::is_punct(trees.first(), &['&'])
                && tokens::is_punct(trees.get(1), &['\''])
                && matches!(&trees[2], TokenTree::Ident(lifetime) if lifetime == "static")
        });
        borrow.map(|borrow| borrow.iter().cloned().collect())
    };
    inside.or_else(here)
}

/// Finds a `Lazy<..>` or a `Shared<..>`, unless its path is that of another library. With serde it could be
/// serialized, but the caller would wait for its value.
fn lazy_value(tokens: TokenStream) -> Option<Ident> {
    let trees: Vec<_> = tokens.into_iter().collect();
    let at = |index: usize, back: usize| trees.get(index.checked_sub(back)?);
    trees.iter().enumerate().find_map(|(index, tree)| match tree {
        TokenTree::Group(group) => lazy_value(group.stream()),
        TokenTree::Ident(ident) if ident == "Lazy" || ident == "Shared" => {
            let is_ours = !tokens::is_punct(at(index, 1), &[':'])
                || matches!(at(index, 3), Some(TokenTree::Ident(path)) if path == "pybackground");
            let holds_a_type = tokens::is_punct(trees.get(index + 1), &['<']);
            (is_ours && holds_a_type).then(|| ident.clone())
        }
        _ => None,
    })
}
