//! The signature that callers see: the user's, with another result.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, Meta, PatType, Receiver, ReceiverKind, Signature, Type, TypeReference,
};

use super::Runtime;
use super::names::{self, Argument};
use super::output::Output;
use crate::attribute::groups;
use crate::attribute::parse::is_lazy;
use crate::attribute::validate::Passing;

// Input:  async fn f<T: Send + 'static>(mut a: T, (b, _): (u8, u8)) -> T
// Output: fn f<T: Send + 'static>(a: T, arg1: (u8, u8)) -> Lazy<T>
pub(super) fn background(
    signature: &Signature,
    arguments: &[Argument<'_>],
    output: &Output,
    runtime: &Runtime,
) -> TokenStream {
    let inputs = signature.inputs.iter().zip(arguments).map(|(input, argument)| {
        let attributes = input_attributes(input).iter();
        let attributes = attributes.filter(|attribute| !is_lint(attribute) && !is_lazy(attribute));
        match input {
            FnArg::Receiver(receiver) => {
                let receiver = without_mut(receiver);
                quote!(#(#attributes)* #receiver)
            }
            FnArg::Typed(parameter) => {
                let (name, colon) = (&argument.outer, &parameter.colon_token);
                let ty = parameter_type(&parameter.ty, argument.passing, runtime);
                quote!(#(#attributes)* #name #colon #ty)
            }
        }
    });
    assemble(signature, quote!(#(#inputs),*), output)
}

/// The signature of a refused function: the user's, as far as callers need it.
pub(super) fn refused(
    signature: &Signature,
    passing: &[Passing],
    output: &Output,
    runtime: &Runtime,
) -> TokenStream {
    let inputs = signature.inputs.iter().zip(passing).map(|(input, &passing)| {
        let attributes = input_attributes(input).iter().filter(|attribute| !is_lazy(attribute));
        match input {
            FnArg::Receiver(receiver) => {
                let receiver = Receiver { attrs: Vec::new(), ..receiver.clone() };
                quote!(#(#attributes)* #receiver)
            }
            FnArg::Typed(PatType { pat, colon_token, ty, .. }) => {
                let ty = parameter_type(ty, passing, runtime);
                quote!(#(#attributes)* #pat #colon_token #ty)
            }
        }
    });
    assemble(signature, quote!(#(#inputs),*), output)
}

// Input:  #[lazy] a: A
// Output: impl private::LazyArgument<A>
fn parameter_type(ty: &Type, passing: Passing, runtime: &Runtime) -> TokenStream {
    if passing != Passing::Awaited {
        return ty.to_token_stream();
    }
    let span = names::mixed(ty.span());
    let private = runtime.private(span);
    quote_spanned!(span=> impl #private::LazyArgument<#ty>)
}

fn assemble(signature: &Signature, inputs: TokenStream, output: &Output) -> TokenStream {
    let Signature { safety, fn_token, ident, generics, paren_token, .. } = signature;
    let returned = &output.returned;
    let where_clause = &generics.where_clause;
    let mut tokens = quote!(#safety #fn_token #ident #generics);
    paren_token.surround(&mut tokens, |tokens| tokens.extend(inputs));
    tokens.extend(quote!(#returned #where_clause));
    groups::parenthesized(tokens)
}

/// Returns the user's attributes and `#[track_caller]`, so that errors and reports name the user's line.
pub(super) fn attributes(attributes: &[Attribute], arguments: &[Argument<'_>]) -> TokenStream {
    let kept = attributes.iter().filter(|attribute| !is_bare_must_use(attribute));
    let track_caller =
        (!attributes.iter().any(|attribute| attribute.path().is_ident("track_caller")))
            .then(|| quote_spanned!(Span::mixed_site()=> #[track_caller]));
    // The user has not written the `impl Trait` of a `#[lazy]` parameter.
    let allow = arguments
        .iter()
        .any(|argument| argument.passing == Passing::Awaited)
        .then(|| quote_spanned!(Span::mixed_site()=> #[allow(clippy::impl_trait_in_params)]));
    quote!(#(#kept)* #track_caller #allow)
}

/// `Lazy` is `#[must_use]`, and Clippy reports a second `#[must_use]` without a reason.
fn is_bare_must_use(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::Path(path) if path.is_ident("must_use"))
}

/// Whether an attribute sets a lint level. Those of a parameter move to its pattern in the body.
pub(super) fn is_lint(attribute: &Attribute) -> bool {
    let levels = ["allow", "warn", "deny", "forbid", "expect"];
    levels.into_iter().any(|level| attribute.path().is_ident(level))
}

fn input_attributes(input: &FnArg) -> &[Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(parameter) => &parameter.attrs,
    }
}

/// Removes the `mut` of `mut self`, which concerns only the body.
fn without_mut(receiver: &Receiver) -> TokenStream {
    let Receiver { self_token, kind, mutability, .. } = receiver;
    match kind {
        ReceiverKind::Reference(and, lifetime, mutability) => {
            quote!(#and #lifetime #mutability #self_token)
        }
        ReceiverKind::Typed(colon, ty) => match &**ty {
            // Rust requires this form with `mut`, and Clippy reports it without.
            Type::Reference(TypeReference { and_token, lifetime, elem, .. })
                if mutability.is_some() && is_self_type(elem) =>
            {
                quote!(#and_token #lifetime #self_token)
            }
            _ => quote!(#self_token #colon #ty),
        },
        _ => self_token.to_token_stream(),
    }
}

fn is_self_type(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("Self"))
}
