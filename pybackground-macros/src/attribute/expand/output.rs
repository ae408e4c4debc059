//! The result types of the function and of the closure that holds its body.
//!
//! The function returns a `Lazy`, or a `Shared` if equal calls share one.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    GenericArgument, Lifetime, Path, PathArguments, ReturnType, Signature, Token, Type,
    TypeImplTrait, TypeInfer, TypeParamBound, TypeParen, token,
};

use super::{Runtime, names};
use crate::attribute::groups;
use crate::attribute::parse::Options;

/// The result type in its two places, and the span for its errors.
pub(super) struct Output {
    /// `-> Lazy<T>`
    pub(super) returned: TokenStream,
    /// `private::Same<T>`, which is `T`, in a form that is valid for a closure and a local variable.
    ///
    /// The compiler suggests other things for an unknown type among the arguments of a generic type than for one outside.
    /// It merges errors that are equal, so both places of `T` are of the same kind.
    pub(super) of_body: TokenStream,
    pub(super) is_never: bool,
    pub(super) span: Span,
}

impl Output {
    pub(super) fn of(signature: &Signature, options: &Options, runtime: &Runtime) -> Self {
        let holder = if options.sharing().is_some() { "Shared" } else { "Lazy" };
        let (arrow, ty) = match &signature.output {
            ReturnType::Default => {
                let span = names::mixed(signature.paren_token.span.close());
                let unit = quote_spanned!(span=> ());
                return Self::new(holder, Token![->](span), &unit, unit.clone(), runtime);
            }
            ReturnType::Type(arrow, ty) => (*arrow, ty),
        };
        if is_never(ty) {
            // `!` is valid only as a function's result, so a function type provides it.
            let span = names::mixed(ty.span());
            let private = runtime.private(span);
            let never = quote_spanned!(span=> <fn() -> #ty as #private::FunctionType>::Output);
            let never = Self::new(holder, arrow, &never, never.clone(), runtime);
            return Self { is_never: true, ..never };
        }
        let mut in_lazy = Type::clone(ty);
        each_impl(&mut in_lazy, &mut outlive_arguments);
        let mut in_body = Type::clone(ty);
        each_impl(&mut in_body, &mut infer);
        let in_body = groups::parenthesized(in_body.to_token_stream());
        let span = names::mixed(ty.span());
        let private = runtime.private(span);
        Self::new(
            holder,
            arrow,
            &groups::parenthesized(in_lazy.to_token_stream()),
            quote_spanned!(span=> #private::Same<#in_body>),
            runtime,
        )
    }

    fn new(
        holder: &str,
        arrow: Token![->],
        ty: &TokenStream,
        of_body: TokenStream,
        runtime: &Runtime,
    ) -> Self {
        let span = ty.span();
        let end = ty.clone().into_iter().last().map_or(span, |tree| tree.span());
        let path = runtime.at(span);
        let holder = Ident::new(holder, names::mixed(span));
        let open = quote_spanned!(names::mixed(span)=> ::#holder<);
        let close = quote_spanned!(names::mixed(end)=> >);
        Self {
            returned: quote::quote!(#arrow #path #open #ty #close),
            of_body,
            is_never: false,
            span,
        }
    }
}

fn is_never(ty: &Type) -> bool {
    match ty {
        Type::Never(_) => true,
        Type::Group(group) => is_never(&group.elem),
        Type::Paren(paren) => is_never(&paren.elem),
        _ => false,
    }
}

// Input:  impl Iterator<Item = u8>
// Output: impl Iterator<Item = u8> + 'static
//
// Since edition 2024 an `impl` type borrows from every argument unless a bound says otherwise. It does not
// borrow from any: no borrow reaches the body.
fn outlive_arguments(ty: &mut Type) {
    let Type::ImplTrait(TypeImplTrait { impl_token, bounds, .. }) = ty else {
        return;
    };
    if !bounds.iter().any(|bound| matches!(bound, TypeParamBound::Lifetime(_))) {
        let span = names::mixed(impl_token.span);
        bounds.push(TypeParamBound::Lifetime(Lifetime::new("'static", span)));
    }
}

// Input:  Result<impl Display, Error>
// Output: Result<_, Error>
fn infer(ty: &mut Type) {
    *ty = Type::Infer(TypeInfer {
        attrs: Vec::new(),
        underscore_token: Token![_](names::mixed(ty.span())),
    });
}

/// Changes every `impl Trait` type in `ty`, inner types first.
fn each_impl(ty: &mut Type, change: &mut dyn FnMut(&mut Type)) {
    match ty {
        Type::Array(array) => each_impl(&mut array.elem, change),
        Type::Group(group) => each_impl(&mut group.elem, change),
        Type::Paren(paren) => each_impl(&mut paren.elem, change),
        Type::Ptr(pointer) => behind_pointer(&mut pointer.elem, change),
        Type::Reference(reference) => behind_pointer(&mut reference.elem, change),
        Type::Slice(slice) => each_impl(&mut slice.elem, change),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(|elem| each_impl(elem, change)),
        Type::Path(path) => each_impl_in_path(&mut path.path, change),
        Type::ImplTrait(opaque) => {
            each_impl_in_bounds(opaque.bounds.iter_mut(), change);
            change(ty);
        }
        Type::TraitObject(object) => each_impl_in_bounds(object.bounds.iter_mut(), change),
        _ => {}
    }
}

/// `&impl Trait` becomes `&(impl Trait)`, which can have a second bound.
fn behind_pointer(elem: &mut Type, change: &mut dyn FnMut(&mut Type)) {
    let is_impl = matches!(elem, Type::ImplTrait(_));
    let span = names::mixed(elem.span());
    each_impl(elem, change);
    if is_impl {
        let inner = std::mem::replace(
            elem,
            Type::Infer(TypeInfer { attrs: Vec::new(), underscore_token: Token![_](span) }),
        );
        *elem = Type::Paren(TypeParen {
            attrs: Vec::new(),
            paren_token: token::Paren(span),
            elem: Box::new(inner),
        });
    }
}

fn each_impl_in_path(path: &mut Path, change: &mut dyn FnMut(&mut Type)) {
    for segment in &mut path.segments {
        let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else {
            continue;
        };
        for argument in &mut arguments.args {
            match argument {
                GenericArgument::Type(ty) => each_impl(ty, change),
                GenericArgument::AssocType(binding) => each_impl(&mut binding.ty, change),
                _ => {}
            }
        }
    }
}

fn each_impl_in_bounds<'b>(
    bounds: impl Iterator<Item = &'b mut TypeParamBound>,
    change: &mut dyn FnMut(&mut Type),
) {
    for bound in bounds {
        if let TypeParamBound::Trait(bound) = bound {
            each_impl_in_path(&mut bound.path, change);
        }
    }
}
