//! Identifiers that user code can neither see nor collide with, and the names of parameters.
//!
//! A span says two things: where an error is shown, and what a name means there. Everything the
//! expansion invents means what it means at the macro ("mixed site" hygiene), wherever it is shown.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Pat, PatIdent, Signature, Token, Type};

use crate::attribute::parse::{Options, Timeout};
use crate::attribute::tokens::mention;
use crate::attribute::validate::Passing;

/// The macro's meaning, shown at `location`.
pub(super) fn mixed(location: Span) -> Span {
    Span::mixed_site().located_at(location)
}

/// An identifier that only the expansion knows.
pub(super) fn hidden(name: &str, location: Span) -> Ident {
    Ident::new(name, mixed(location))
}

/// The tokens of a path, shown at `location`. `$crate` keeps its meaning: it has no other.
pub(super) fn relocate(path: TokenStream, location: Span) -> TokenStream {
    let relocated = path.into_iter().map(|mut tree| {
        let is_crate_variable = matches!(&tree, TokenTree::Ident(ident) if ident == "$crate");
        tree.set_span(if is_crate_variable {
            tree.span().located_at(location)
        } else {
            mixed(location)
        });
        tree
    });
    relocated.collect()
}

/// A parameter, as the expansion sees it.
pub(super) struct Argument<'s> {
    /// What the caller's side knows it by: its name in the new signature, or `self`.
    pub(super) outer: Ident,
    /// What carries it from the caller into the body.
    pub(super) carrier: Ident,
    /// What the body binds it to.
    pub(super) pattern: TokenStream,
    pub(super) passing: Passing,
    /// The declared type, except of a receiver.
    pub(super) ty: Option<&'s Type>,
    pub(super) is_receiver: bool,
    /// Whether the pattern is one name, and so takes all of the argument.
    pub(super) is_named: bool,
    pub(super) attributes: &'s [Attribute],
}

/// What carries the arguments that may be on their way.
pub(super) fn inputs(location: Span) -> Ident {
    hidden("__inputs", location)
}

/// The receiver's name in the body.
pub(super) fn receiver(location: Span) -> Ident {
    hidden("__self", location)
}

pub(super) fn arguments<'s>(
    signature: &'s Signature,
    passing: &[Passing],
    options: &Options,
) -> Vec<Argument<'s>> {
    let inputs = signature.inputs.iter().zip(passing).enumerate();
    inputs.map(|(index, (input, &passing))| argument(index, input, passing, options)).collect()
}

fn argument<'s>(
    index: usize,
    input: &'s FnArg,
    passing: Passing,
    options: &Options,
) -> Argument<'s> {
    let carrier = |span| hidden(&format!("__arg{index}"), span);
    match input {
        FnArg::Receiver(input) => {
            let span = input.self_token.span;
            let name = receiver(span);
            // `mut self: &Self` rebinds a reference; of `&mut self` nothing comes here.
            let mutability = &input.mutability;
            Argument {
                outer: Ident::from(input.self_token),
                carrier: carrier(span),
                pattern: quote::quote!(#mutability #name),
                passing,
                ty: None,
                is_receiver: true,
                is_named: true,
                attributes: &input.attrs,
            }
        }
        FnArg::Typed(input) => {
            let outer = parameter_name(index, &input.pat, options);
            let pattern = match &*input.pat {
                // Not shown to the lints that have an opinion on `_` in a `let`.
                Pat::Wild(wild) => Token![_](mixed(wild.underscore_token.span)).to_token_stream(),
                pattern => pattern.to_token_stream(),
            };
            Argument {
                carrier: carrier(outer.span()),
                outer,
                pattern,
                passing,
                ty: Some(&input.ty),
                is_receiver: false,
                is_named: is_name(&input.pat),
                attributes: &input.attrs,
            }
        }
    }
}

fn is_name(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Ident(PatIdent { by_ref: None, subpat: None, .. }))
}

/// The name of a parameter in the new signature.
///
/// It stays what it was, for other attributes look it up there (`#[instrument(skip(x))]`), except
/// that nobody else must see it where
/// - the pattern is more than a name: then it is one of ours;
/// - it begins with an underscore: passing it on is no use of it that the user wrote;
/// - the timeout, which is evaluated in its scope, means another thing by the same name.
fn parameter_name(index: usize, pattern: &Pat, options: &Options) -> Ident {
    let ident = match pattern {
        Pat::Ident(PatIdent { ident, .. }) if is_name(pattern) => ident,
        _ => return hidden(&format!("arg{index}"), pattern.span()),
    };
    let means_another = match &options.timeout {
        Some(Timeout::Expression(timeout)) => mention(timeout.to_token_stream(), ident),
        _ => false,
    };
    let mut name = ident.clone();
    if means_another || name.to_string().starts_with('_') {
        name.set_span(mixed(name.span()));
    }
    name
}
