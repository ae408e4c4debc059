//! The new body of a function that runs in another process: it serializes the arguments, and the old body
//! becomes an entry in the list of functions for other processes.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Signature, Type};

use super::names::{self, Argument};
use super::output::Output;
use super::{Runtime, call};
use crate::attribute::groups;
use crate::attribute::parse::{Memory, Options};
use crate::attribute::validate::{Passing, outermost_reference};

// Input:  { x.len() }
// Output: private::isolated! {
//             let mut __arguments = private::process::Arguments::new();
//             <private::BackgroundCall as private::process::ProcessArgRef<str>>::give(&mut __arguments, "x", x);
//             <private::BackgroundCall as private::process::ProcessReturn<usize>>::run(
//                 private::Options::of(const { private::Definition.place() }),
//                 {
//                     #[distributed_slice(FUNCTIONS)]
//                     static __FUNCTION: private::process::Function = Function::new("path::f", |__received| {
//                         let __arg0 = <private::BackgroundCall as private::process::ProcessArgRef<str>>::take(__received, "x")?;
//                         <private::BackgroundCall as private::process::ProcessReturn<usize>>::answer(move || -> usize { .. })
//                     });
//                     &__FUNCTION
//                 },
//                 None,
//                 __arguments,
//                 || (),
//             )
//         }
pub(super) fn call(
    signature: &Signature,
    arguments: &[Argument<'_>],
    options: &Options,
    output: &Output,
    runtime: &Runtime,
    block: &Group,
) -> TokenStream {
    let here = Span::mixed_site();
    let private = runtime.private(here);
    let inputs = || signature.inputs.iter().zip(arguments);
    let given = inputs().map(|(input, argument)| give(input, argument, runtime));
    let taken = inputs().map(|(input, argument)| take(input, argument, runtime));
    let body = call::bind(arguments, block.clone(), false, output, runtime);
    let call_options = call::call_options(signature, options, runtime);
    let memory = match &options.memory {
        None => quote_spanned!(here=> ::core::option::Option::None),
        Some((_, Memory::Literal(bytes))) => {
            quote_spanned!(here=> ::core::option::Option::Some(#bytes))
        }
        Some((_, Memory::Expression(constant))) => {
            let span = names::mixed(constant.span());
            let private = runtime.private(span);
            let constant = groups::parenthesized(constant.to_token_stream());
            let name = names::item("memory", span);
            // `cargo check` evaluates items, but no inline constants.
            quote_spanned! {span=> {
                const #name: ::core::primitive::u64 = #private::process::memory(#constant);
                ::core::option::Option::Some(#name)
            }}
        }
    };
    let name = signature.ident.to_string();
    let (function, written, received) = (names::item("function", here), written(), received());
    let of_body = &output.of_body;
    // The compiler merges errors at one place, and two expressions require serde of the result.
    let span = names::mixed(output.span);
    let at_output = runtime.private(output.span);
    let answers = quote_spanned!(span=> <#at_output::BackgroundCall as #at_output::process::ProcessReturn<#of_body>>);
    quote_spanned! {here=>
        #private::isolated! {
            let mut #written = #private::process::Arguments::new();
            #(#given)*
            #answers::run(
                #call_options,
                {
                    #[#private::process::linkme::distributed_slice(#private::process::FUNCTIONS)]
                    #[linkme(crate = #private::process::linkme)]
                    static #function: #private::process::Function = #private::process::Function::new(
                        ::core::concat!(::core::module_path!(), "::", #name),
                        |#received| {
                            #(#taken)*
                            #answers::answer(move || -> #of_body #body)
                        },
                    );
                    &#function
                },
                #memory,
                #written,
                || (),
            )
        }
    }
}

/// The caller's side of an argument: serializes it.
fn give(input: &FnArg, argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let (ty, span) = carried(input, argument);
    let (private, outer) = (runtime.private(span), &argument.outer);
    let (configured, name, written) = (configured(argument), name(argument), written());
    match argument.passing {
        Passing::Moved | Passing::Awaited => quote_spanned! {span=>
            #configured <#private::BackgroundCall as #private::process::ProcessArg<#ty>>::give(&mut #written, #name, #outer);
        },
        Passing::Copied => quote_spanned! {span=>
            #configured <#private::BackgroundCall as #private::process::ProcessArgRef<#ty>>::give(&mut #written, #name, #outer);
        },
    }
}

/// The body's side of an argument: deserializes it.
fn take(input: &FnArg, argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let (ty, span) = carried(input, argument);
    let (private, carrier) = (runtime.private(span), &argument.carrier);
    let (configured, name, received) = (configured(argument), name(argument), received());
    let requirement = match argument.passing {
        Passing::Moved | Passing::Awaited => quote_spanned!(span=> ProcessArg),
        Passing::Copied => quote_spanned!(span=> ProcessArgRef),
    };
    quote_spanned! {span=>
        #configured let #carrier =
            <#private::BackgroundCall as #private::process::#requirement<#ty>>::take(#received, #name)?;
    }
}

/// The type that is serialized, and the span for its errors.
fn carried(input: &FnArg, argument: &Argument<'_>) -> (TokenStream, Span) {
    let FnArg::Typed(input) = input else {
        unreachable!("receivers are refused");
    };
    let ty: &Type = match argument.passing {
        Passing::Copied => outermost_reference(&input.ty).map_or(&input.ty, |lent| &lent.elem),
        Passing::Moved | Passing::Awaited => &input.ty,
    };
    (groups::parenthesized(ty.to_token_stream()), names::mixed(ty.span()))
}

/// The variable that holds the serialized arguments in the caller.
fn written() -> Ident {
    names::local("arguments", Span::mixed_site())
}

/// The variable that holds the serialized arguments in the child.
fn received() -> Ident {
    names::local("received", Span::mixed_site())
}

/// The name of an argument in errors.
fn name(argument: &Argument<'_>) -> String {
    if argument.is_named { argument.outer.to_string() } else { argument.pattern.to_string() }
}

fn configured(argument: &Argument<'_>) -> TokenStream {
    let attributes = argument.attributes.iter().filter(|attribute| call::is_cfg(attribute));
    quote!(#(#attributes)*)
}
