//! Names of the expansion, which do not collide with names in user code, and names of parameters.
//!
//! A span has two parts: a location, where the compiler shows an error, and a hygiene, by which the
//! compiler resolves a name. Generated names have the hygiene of the macro ("mixed site"), which
//! keeps local variables of the expansion and of the user apart. Items have no hygiene on stable
//! Rust: if a constant `x` is in scope, then a generated `let x` is a pattern that compares. So all
//! generated names also begin with [`PREFIX`], which the attribute's documentation reserves.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Pat, PatIdent, Signature, Token, Type};

use crate::attribute::parse::Options;
use crate::attribute::tokens::mention;
use crate::attribute::validate::Passing;

/// The start of every generated name.
const PREFIX: &str = "__pybackground_";

/// The hygiene of the macro, shown at `location`.
pub(super) fn mixed(location: Span) -> Span {
    Span::mixed_site().located_at(location)
}

/// A generated name for a local variable.
pub(super) fn local(name: &str, location: Span) -> Ident {
    Ident::new(&format!("{PREFIX}{name}"), mixed(location))
}

/// A generated name for a `const` or a `static`.
pub(super) fn item(name: &str, location: Span) -> Ident {
    Ident::new(&format!("{PREFIX}{name}").to_uppercase(), mixed(location))
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
    /// Whether it is part of the key by which equal calls are found.
    pub(super) is_key: bool,
    /// The declared type, except of a receiver.
    pub(super) ty: Option<&'s Type>,
    pub(super) is_receiver: bool,
    /// Whether the pattern is one name, and so takes all of the argument.
    pub(super) is_named: bool,
    pub(super) attributes: &'s [Attribute],
}

/// The variable that holds all `#[lazy]` arguments, or all arguments of a call that equal calls share.
pub(super) fn inputs(location: Span) -> Ident {
    local("inputs", location)
}

/// The variable that takes the place of `self` in the body.
pub(super) fn receiver(location: Span) -> Ident {
    local("self", location)
}

pub(super) fn arguments<'s>(
    signature: &'s Signature,
    passing: &[Passing],
    options: &Options,
) -> Vec<Argument<'s>> {
    let mut arguments: Vec<Argument<'s>> = Vec::with_capacity(passing.len());
    for (index, (input, &passing)) in signature.inputs.iter().zip(passing).enumerate() {
        let next = argument(index, input, passing, options, &arguments);
        arguments.push(next);
    }
    arguments
}

fn argument<'s>(
    index: usize,
    input: &'s FnArg,
    passing: Passing,
    options: &Options,
    before: &[Argument<'_>],
) -> Argument<'s> {
    match input {
        FnArg::Receiver(input) => {
            let span = input.self_token.span;
            let name = receiver(span);
            // `mut self: &Self` rebinds a reference. `&mut self` was refused.
            let mutability = &input.mutability;
            Argument {
                outer: Ident::from(input.self_token),
                carrier: numbered(index, span),
                pattern: quote::quote!(#mutability #name),
                passing,
                is_key: options.sharing().is_some(),
                ty: None,
                is_receiver: true,
                is_named: true,
                attributes: &input.attrs,
            }
        }
        FnArg::Typed(input) => {
            let outer = parameter_name(index, &input.pat, options, before);
            let pattern = match &*input.pat {
                // Some lints object to `_` in a `let`, unless a macro wrote it.
                Pat::Wild(wild) => Token![_](mixed(wild.underscore_token.span)).to_token_stream(),
                pattern => pattern.to_token_stream(),
            };
            Argument {
                carrier: numbered(index, outer.span()),
                outer,
                pattern,
                passing,
                is_key: options.sharing().is_some(),
                ty: Some(&input.ty),
                is_receiver: false,
                is_named: is_name(&input.pat),
                attributes: &input.attrs,
            }
        }
    }
}

/// The generated name for the parameter at `index`.
fn numbered(index: usize, location: Span) -> Ident {
    local(&format!("arg{index}"), location)
}

fn is_name(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Ident(PatIdent { by_ref: None, subpat: None, .. }))
}

/// The name of a parameter in the new signature.
///
/// The user's name stays, because other attributes look for it: `#[instrument(skip(x))]`. It gets
/// the hygiene of the macro, so that only the expansion sees it, if
/// - it begins with an underscore: the expansion uses the parameter, the user does not;
/// - an option mentions it: options are evaluated in the scope of the parameters but do not see them.
///
/// A pattern that is more than a name gets a generated name.
fn parameter_name(
    index: usize,
    pattern: &Pat,
    options: &Options,
    before: &[Argument<'_>],
) -> Ident {
    let mut name = match pattern {
        Pat::Ident(PatIdent { ident, .. }) if is_name(pattern) => ident.clone(),
        _ => return numbered(index, pattern.span()),
    };
    let is_mentioned = options.expressions().any(|(_, value)| mention(value, &name));
    if !is_mentioned && !name.to_string().starts_with('_') {
        return name;
    }
    // Names that a `macro_rules!` keeps apart by hygiene are the same with the hygiene of this macro.
    if name.to_string().starts_with(PREFIX) || before.iter().any(|other| other.outer == name) {
        return numbered(index, name.span());
    }
    name.set_span(mixed(name.span()));
    name
}
