//! How an argument moves from the caller to the body.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{Attribute, FnArg, Meta, Receiver, ReceiverKind, Type, TypeReference};

use super::borrows::{self, Statics};
use crate::attribute::messages::{self, Borrows};
use crate::attribute::parse::is_lazy;
use crate::attribute::report::Report;
use crate::attribute::tokens::mention;

/// How an argument moves from the caller to the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    /// By value, or as a `'static` reference.
    Moved,
    /// As a reference: the call owns a copy of the value, and the body sees a reference to the copy.
    Copied,
    /// By value, or as a `Lazy` of it: the body starts once the value exists.
    Awaited,
}

/// The rule for one parameter. A parameter that cannot be passed is reported and counts as moved.
pub(super) fn of(
    input: &FnArg,
    statics: &Statics,
    words: &Borrows,
    report: &mut Report,
) -> Passing {
    match input {
        FnArg::Receiver(receiver) => {
            if let Some(lazy) = lazy(&receiver.attrs) {
                report.at(lazy, messages::LAZY_RECEIVER);
            }
            of_receiver(receiver, statics, words, report)
        }
        FnArg::Typed(parameter) => {
            let passing = of_type(&parameter.ty, statics, words, report);
            match lazy(&parameter.attrs) {
                Some(lazy) => of_awaited(lazy, &parameter.ty, passing, report),
                None => passing,
            }
        }
    }
}

fn lazy(attributes: &[Attribute]) -> Option<&Attribute> {
    attributes.iter().find(|attribute| is_lazy(attribute))
}

/// The rule for a parameter with `#[lazy]`. Without the attribute it would be passed as `passing`.
fn of_awaited(lazy: &Attribute, ty: &Type, passing: Passing, report: &mut Report) -> Passing {
    if !matches!(lazy.meta, Meta::Path(_)) {
        report.at(lazy, messages::LAZY_HAS_NO_VALUE);
    }
    if passing == Passing::Copied {
        report.at(ty, messages::LAZY_BORROWS);
        return Passing::Copied;
    }
    if mention(ty.to_token_stream(), &Ident::new("impl", Span::call_site())) {
        report.at(ty, messages::LAZY_IMPL);
        return Passing::Moved;
    }
    Passing::Awaited
}

fn of_receiver(
    receiver: &Receiver,
    statics: &Statics,
    words: &Borrows,
    report: &mut Report,
) -> Passing {
    match &receiver.kind {
        ReceiverKind::Reference(_, Some(lifetime), _) if statics.contains(lifetime) => {
            Passing::Moved
        }
        ReceiverKind::Reference(and, _, Some(mutability)) => {
            let token = [and.to_token_stream(), mutability.to_token_stream()];
            report.at(
                token.into_iter().collect::<proc_macro2::TokenStream>(),
                messages::BORROWS_SELF_MUTABLY,
            );
            Passing::Moved
        }
        ReceiverKind::Reference(..) => Passing::Copied,
        ReceiverKind::Typed(_, ty) => {
            let words = Borrows { mutable: messages::BORROWS_SELF_MUTABLY, ..*words };
            of_type(ty, statics, &words, report)
        }
        // `self`, by value.
        _ => Passing::Moved,
    }
}

fn of_type(ty: &Type, statics: &Statics, words: &Borrows, report: &mut Report) -> Passing {
    let reference = outermost_reference(ty);
    let lent = reference.filter(|reference| {
        !reference.lifetime.as_ref().is_some_and(|lifetime| statics.contains(lifetime))
    });
    // The call can copy the value behind the outermost reference, but not behind an inner one.
    let rest = lent.map_or(ty, |reference| &*reference.elem);
    let mut refuse = |borrow| report.at(borrow, words.buried);
    borrows::each(rest, statics, &mut refuse);
    match lent {
        Some(reference) => {
            if reference.mutability.is_some() {
                let TypeReference { and_token, lifetime, mutability, .. } = reference;
                report.at(quote::quote!(#and_token #lifetime #mutability), words.mutable);
                return Passing::Moved;
            }
            Passing::Copied
        }
        None => Passing::Moved,
    }
}

/// Returns the type as a reference, also inside parentheses or a fragment of `macro_rules!`.
pub(crate) fn outermost_reference(ty: &Type) -> Option<&TypeReference> {
    match ty {
        Type::Reference(reference) => Some(reference),
        Type::Group(group) => outermost_reference(&group.elem),
        Type::Paren(paren) => outermost_reference(&paren.elem),
        _ => None,
    }
}
