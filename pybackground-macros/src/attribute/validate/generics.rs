//! Type parameters without bounds whose values would move to another thread.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{FnArg, Generics, ReturnType, Signature, Type, TypeParamBound, WherePredicate};

use crate::attribute::messages;
use crate::attribute::report::Report;
use crate::attribute::tokens::mention;

/// Refuses each unbounded parameter that an argument or the result contains. If there is a bound, only the
/// compiler knows whether it implies `Send + 'static`.
pub(super) fn check(signature: &Signature, report: &mut Report) {
    let crossing = crossing(signature);
    for parameter in signature.generics.type_params() {
        let is_bounded = parameter.bounds.iter().any(is_bound)
            || has_bound_in_where(&parameter.ident, &signature.generics);
        if !is_bounded && mention(crossing.clone(), &parameter.ident) {
            report.at(&parameter.ident, messages::unbounded(&parameter.ident));
        }
    }
}

/// The types of the arguments and of the result.
fn crossing(signature: &Signature) -> TokenStream {
    let mut types = TokenStream::new();
    for input in &signature.inputs {
        if let FnArg::Typed(parameter) = input {
            parameter.ty.to_tokens(&mut types);
        }
    }
    if let ReturnType::Type(_, output) = &signature.output {
        output.to_tokens(&mut types);
    }
    types
}

fn is_bound(bound: &TypeParamBound) -> bool {
    match bound {
        TypeParamBound::Trait(bound) => bound.maybe.is_none() && !bound.path.is_ident("Sized"),
        _ => true,
    }
}

fn has_bound_in_where(parameter: &Ident, generics: &Generics) -> bool {
    let mut predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    predicates.any(|predicate| match predicate {
        WherePredicate::Type(predicate) => match &predicate.bounded_ty {
            Type::Path(path) if path.path.is_ident(parameter) => {
                predicate.bounds.iter().any(is_bound)
            }
            // A bound on `Vec<T>` or `T::Item` may be sufficient.
            other => mention(other.to_token_stream(), parameter),
        },
        _ => false,
    })
}
