//! The new body: it hands the arguments and the old body, as a closure, to the runtime.

use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Signature;
use syn::spanned::Spanned;

use super::names::{self, Argument};
use super::output::Output;
use super::{Runtime, groups, receiver, signature as signatures};
use crate::attribute::parse::{Options, Timeout};
use crate::attribute::validate::Passing;

// Input:  { x.len() }
// Output: let __arg0 = private::lend(x);
//         private::call(private::Options::here(), move || -> usize {
//             let __arg0 = __arg0;
//             match private::Lent::get(&__arg0) { x => { x.len() } }
//         })
pub(super) fn call(
    signature: &Signature,
    arguments: &[Argument<'_>],
    options: &Options,
    output: &Output,
    runtime: &Runtime,
    block: &Group,
) -> TokenStream {
    let carried = arguments.iter().map(|argument| carry(argument, runtime));
    let body = match arguments.first() {
        Some(first) if first.is_receiver => receiver::renamed(block),
        _ => block.clone(),
    };
    let body = arguments
        .iter()
        .rev()
        .fold(body, |body, argument| bind(argument, &body, output, runtime));
    let options = call_options(signature, options, runtime);
    let of_body = &output.of_body;
    let span = names::mixed(output.span);
    let private = runtime.private(output.span);
    let call = match &signature.asyncness {
        None => quote_spanned!(span=> #private::call(#options, move || -> #of_body #body)),
        Some(asyncness) => {
            quote_spanned!(span=> #private::call_async(#options, #asyncness move || -> #of_body #body))
        }
    };
    quote!(#(#carried)* #call)
}

/// The caller's side of an argument: made ready to go to another thread.
fn carry(argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let Argument { outer, carrier, .. } = argument;
    let span = names::mixed(outer.span());
    let private = runtime.private(span);
    let ready = match (argument.passing, argument.is_receiver) {
        (Passing::Moved, _) => quote_spanned!(span=> give),
        (Passing::Copied, false) => quote_spanned!(span=> lend),
        (Passing::Copied, true) => quote_spanned!(span=> lend_receiver),
    };
    let configured = argument.attributes.iter().filter(|attribute| is_cfg(attribute));
    quote_spanned!(span=> #(#configured)* let #carrier = #private::#ready(#outer);)
}

/// The body's side of an argument: bound to its pattern around `body`.
///
/// Each argument is moved into the closure as a whole, also one that its pattern ignores, for
/// closures capture only what they use. `match` and not `let`, because the temporaries of the
/// body's last expression must go before the arguments do; and nested, because of each argument
/// its bindings go first and then what they left of it, as in a function.
fn bind(argument: &Argument<'_>, body: &Group, output: &Output, runtime: &Runtime) -> Group {
    let Argument { carrier, pattern, .. } = argument;
    let span = names::mixed(argument.outer.span());
    let private = runtime.private(span);
    let (taken, value) = match argument.passing {
        Passing::Moved => {
            (quote_spanned!(span=> #private::Given::take(#carrier)), quote_spanned!(span=> #carrier))
        }
        Passing::Copied => {
            (quote_spanned!(span=> #carrier), quote_spanned!(span=> #private::Lent::get(&#carrier)))
        }
    };
    let configured: Vec<_> =
        argument.attributes.iter().filter(|attribute| is_cfg(attribute)).collect();
    let lints: Vec<_> =
        argument.attributes.iter().filter(|attribute| signatures::is_lint(attribute)).collect();
    let bound = if configured.is_empty() && lints.is_empty() {
        quote_spanned!(span=> match #value { #pattern => #body })
    } else {
        // An arm cannot be left out, and an attribute on it would hold for the body as well.
        let result = names::hidden("__result", span);
        let of_body = &output.of_body;
        quote_spanned! {span=>
            #(#configured)* #(#lints)* let #pattern = #value;
            let #result: #of_body = #body;
            #result
        }
    };
    let mut block = Group::new(
        proc_macro2::Delimiter::Brace,
        quote_spanned!(span=> #(#configured)* let #carrier = #taken; #bound),
    );
    block.set_span(span);
    block
}

/// `Options::here()` and what the attribute adds to it.
fn call_options(signature: &Signature, options: &Options, runtime: &Runtime) -> TokenStream {
    let here = Span::mixed_site();
    let private = runtime.private(here);
    let mut chain = quote_spanned!(here=> #private::Options::here());
    if let Some(compute) = &options.compute {
        let span = names::mixed(compute.span());
        chain.extend(quote_spanned!(span=> .compute()));
    }
    if let Some(name) = &options.name {
        chain.extend(quote_spanned!(here=> .name(#name)));
    }
    if let Some(limit) = &options.limit {
        let span = names::mixed(limit.span());
        let private = runtime.private(span);
        let limit = groups::parenthesized(limit.to_token_stream());
        // In a block of its own, where the body does not see it.
        chain.extend(quote_spanned! {span=>
            .limit({
                static LIMIT: #private::Limit = #private::Limit::new(#private::limit(#limit));
                &LIMIT
            })
        });
    }
    match &options.timeout {
        None => {}
        Some(Timeout::Literal(duration)) => {
            let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
            chain.extend(quote_spanned! {here=>
                .timeout(::core::time::Duration::new(#seconds, #nanoseconds))
            });
        }
        Some(Timeout::Expression(timeout)) => {
            let span = names::mixed(timeout.span());
            let private = runtime.private(span);
            let timeout = groups::parenthesized(timeout.to_token_stream());
            let name = signature.ident.to_string();
            chain.extend(quote_spanned! {span=> .timeout(#private::timeout(#timeout, #name)) });
        }
    }
    chain
}

fn is_cfg(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
}
