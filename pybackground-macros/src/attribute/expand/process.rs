//! The new body of a function that runs in another process: it writes the arguments down, and the old
//! body becomes an entry of the list of functions that the other process knows.

use proc_macro2::{Group, Span, TokenStream};
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
//                 private::Options::here(),
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
    let body = call::bind(arguments, block.clone(), None, output, runtime);
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
            // An item, at which the compiler looks even where it makes no program.
            quote_spanned! {span=> {
                const __MEMORY: ::core::primitive::u64 = #private::process::memory(#constant);
                ::core::option::Option::Some(__MEMORY)
            }}
        }
    };
    let name = signature.ident.to_string();
    let of_body = &output.of_body;
    // The two places that need serde of the result are shown as one.
    let span = names::mixed(output.span);
    let at_output = runtime.private(output.span);
    let answers = quote_spanned!(span=> <#at_output::BackgroundCall as #at_output::process::ProcessReturn<#of_body>>);
    quote_spanned! {here=>
        #private::isolated! {
            let mut __arguments = #private::process::Arguments::new();
            #(#given)*
            #answers::run(
                #call_options,
                {
                    #[#private::process::linkme::distributed_slice(#private::process::FUNCTIONS)]
                    #[linkme(crate = #private::process::linkme)]
                    static __FUNCTION: #private::process::Function = #private::process::Function::new(
                        ::core::concat!(::core::module_path!(), "::", #name),
                        |__received| {
                            #(#taken)*
                            #answers::answer(move || -> #of_body #body)
                        },
                    );
                    &__FUNCTION
                },
                #memory,
                __arguments,
                || (),
            )
        }
    }
}

/// The caller's side of an argument: written down.
fn give(input: &FnArg, argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let (ty, span) = carried(input, argument);
    let (private, outer) = (runtime.private(span), &argument.outer);
    let (configured, name) = (configured(argument), name(argument));
    match argument.passing {
        Passing::Moved | Passing::Awaited => quote_spanned! {span=>
            #configured <#private::BackgroundCall as #private::process::ProcessArg<#ty>>::give(&mut __arguments, #name, #outer);
        },
        Passing::Copied => quote_spanned! {span=>
            #configured <#private::BackgroundCall as #private::process::ProcessArgRef<#ty>>::give(&mut __arguments, #name, #outer);
        },
    }
}

/// The body's side of an argument: read.
fn take(input: &FnArg, argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let (ty, span) = carried(input, argument);
    let (private, carrier) = (runtime.private(span), &argument.carrier);
    let (configured, name) = (configured(argument), name(argument));
    let requirement = match argument.passing {
        Passing::Moved | Passing::Awaited => quote_spanned!(span=> ProcessArg),
        Passing::Copied => quote_spanned!(span=> ProcessArgRef),
    };
    quote_spanned! {span=>
        #configured let #carrier =
            <#private::BackgroundCall as #private::process::#requirement<#ty>>::take(__received, #name)?;
    }
}

/// The type that is written down, and where to show what is wrong with it.
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

/// What errors call an argument.
fn name(argument: &Argument<'_>) -> String {
    if argument.is_named { argument.outer.to_string() } else { argument.pattern.to_string() }
}

fn configured(argument: &Argument<'_>) -> TokenStream {
    let attributes = argument.attributes.iter().filter(|attribute| call::is_cfg(attribute));
    quote!(#(#attributes)*)
}
