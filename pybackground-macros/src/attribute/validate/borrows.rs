//! The lifetimes in a type. A background call can outlive its caller's borrows, so only `'static` is
//! allowed, and lifetimes that belong to the type itself: `fn(&str) -> &str` and `for<'a> Fn(&'a str)`
//! borrow from their own callers.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{
    BoundLifetimes, GenericArgument, GenericParam, Generics, Lifetime, Path, PathArguments,
    ReturnType, Token, Type, TypeParamBound, WherePredicate,
};

/// The lifetimes that are equal to `'static`.
pub(super) struct Statics {
    names: Vec<Lifetime>,
}

impl Statics {
    /// Finds lifetimes that are declared as `'a: 'static`, on the parameter or in `where`.
    pub(super) fn of(generics: &Generics) -> Self {
        let declared = generics.params.iter().filter_map(|parameter| match parameter {
            GenericParam::Lifetime(declared) => Some((&declared.lifetime, &declared.bounds)),
            _ => None,
        });
        let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let required = predicates.filter_map(|predicate| match predicate {
            WherePredicate::Lifetime(required) => Some((&required.lifetime, &required.bounds)),
            _ => None,
        });
        let names = declared
            .chain(required)
            .filter(|(_, bounds)| bounds.iter().any(is_static))
            .map(|(name, _)| name.clone())
            .collect();
        Self { names }
    }

    pub(super) fn contains(&self, lifetime: &Lifetime) -> bool {
        is_static(lifetime) || self.names.contains(lifetime)
    }
}

fn is_static(lifetime: &Lifetime) -> bool {
    lifetime.ident == "static"
}

/// Calls `found` with the tokens of each borrow in `ty`: the lifetime, or the `&` without one.
pub(super) fn each(ty: &Type, statics: &Statics, found: &mut dyn FnMut(TokenStream)) {
    Walk { statics, own: Vec::new(), in_signature: false, found }.ty(ty);
}

struct Walk<'w> {
    statics: &'w Statics,
    /// Lifetimes of an enclosing `for<..>`.
    own: Vec<Lifetime>,
    /// Inside the signature of a function type, where an elided lifetime belongs to the function.
    in_signature: bool,
    found: &'w mut dyn FnMut(TokenStream),
}

impl Walk<'_> {
    fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Array(array) => self.ty(&array.elem),
            Type::Group(group) => self.ty(&group.elem),
            Type::Paren(paren) => self.ty(&paren.elem),
            Type::Ptr(pointer) => self.ty(&pointer.elem),
            Type::Slice(slice) => self.ty(&slice.elem),
            Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| self.ty(elem)),
            Type::Reference(reference) => {
                match &reference.lifetime {
                    Some(lifetime) => self.lifetime(lifetime),
                    None if self.in_signature => {}
                    None => (self.found)(reference.and_token.to_token_stream()),
                }
                self.ty(&reference.elem);
            }
            Type::Path(path) => {
                if let Some(qualified) = &path.qself {
                    self.ty(&qualified.ty);
                }
                self.path(&path.path);
            }
            Type::ImplTrait(opaque) => self.bounds(&opaque.bounds),
            Type::TraitObject(object) => self.bounds(&object.bounds),
            Type::FnPtr(pointer) => {
                let inputs = pointer.inputs.iter().map(|argument| &argument.ty);
                self.signature(pointer.lifetimes.as_ref(), inputs, &pointer.output);
            }
            // `_`, `!`, a macro, or syntax that is newer than the parser: no lifetimes are visible.
            _ => {}
        }
    }

    fn lifetime(&mut self, lifetime: &Lifetime) {
        let elided = lifetime.ident == "_";
        let harmless = (elided && self.in_signature)
            || self.own.contains(lifetime)
            || self.statics.contains(lifetime);
        if !harmless {
            (self.found)(lifetime.to_token_stream());
        }
    }

    fn path(&mut self, path: &Path) {
        for segment in &path.segments {
            match &segment.arguments {
                PathArguments::None => {}
                PathArguments::AngleBracketed(arguments) => {
                    arguments.args.iter().for_each(|argument| self.argument(argument));
                }
                PathArguments::Parenthesized(arguments) => {
                    let inputs = arguments.inputs.iter().map(|argument| &argument.ty);
                    self.signature(None, inputs, &arguments.output);
                }
            }
        }
    }

    fn argument(&mut self, argument: &GenericArgument) {
        match argument {
            GenericArgument::Lifetime(lifetime) => self.lifetime(lifetime),
            GenericArgument::Type(ty) => self.ty(ty),
            GenericArgument::AssocType(binding) => self.ty(&binding.ty),
            GenericArgument::Constraint(constraint) => self.bounds(&constraint.bounds),
            _ => {}
        }
    }

    fn bounds(&mut self, bounds: &Punctuated<TypeParamBound, Token![+]>) {
        for bound in bounds {
            match bound {
                TypeParamBound::Lifetime(lifetime) => self.lifetime(lifetime),
                TypeParamBound::Trait(bound) => {
                    self.within(bound.lifetimes.as_ref(), |walk| walk.path(&bound.path));
                }
                _ => {}
            }
        }
    }

    fn signature<'t>(
        &mut self,
        lifetimes: Option<&BoundLifetimes>,
        inputs: impl Iterator<Item = &'t Type>,
        output: &ReturnType,
    ) {
        self.within(lifetimes, |walk| {
            let around = std::mem::replace(&mut walk.in_signature, true);
            inputs.for_each(|input| walk.ty(input));
            if let ReturnType::Type(_, output) = output {
                walk.ty(output);
            }
            walk.in_signature = around;
        });
    }

    fn within(&mut self, lifetimes: Option<&BoundLifetimes>, inner: impl FnOnce(&mut Self)) {
        let outside = self.own.len();
        for parameter in lifetimes.iter().flat_map(|bound| &bound.lifetimes) {
            if let GenericParam::Lifetime(introduced) = parameter {
                self.own.push(introduced.lifetime.clone());
            }
        }
        inner(self);
        self.own.truncate(outside);
    }
}
