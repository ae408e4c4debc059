//! The new body: it passes the arguments, and the old body as a closure, to the runtime.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Signature};

use super::names::{self, Argument};
use super::output::Output;
use super::{Runtime, brace, receiver, sharing, signature as signatures};
use crate::attribute::groups;
use crate::attribute::parse::{Options, Timeout};
use crate::attribute::validate::Passing;

// Input:  { x.len() }
// Output: let __arg0 = x;
//         let __arg0 = private::lend(__arg0);
//         <private::BackgroundCall as private::Returns<_>>::run(
//             private::Options::of(const { private::Definition.place() }),
//             move || -> private::Same<usize> {
//                 let __arg0 = __arg0;
//                 let x = private::Lent::get(&__arg0);
//                 match () { () => { x.len() } }
//             },
//         )
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
    let is_async = signature.asyncness.is_some();
    let body = bind(arguments, body, is_async, output, runtime);
    let call_options = call_options(signature, options, runtime);
    let of_body = &output.of_body;
    let span = names::mixed(output.span);
    let private = runtime.private(output.span);
    // A generic function in between would be compiled once for every closure.
    let returns = quote_spanned!(span=> <#private::BackgroundCall as #private::Returns<_>>);
    let inputs = names::inputs(span);
    let packed = pack(arguments, options.sharing().is_some());
    if options.sharing().is_some() {
        let call =
            sharing::call(&call_options, options, signature, arguments, output, runtime, &body);
        return quote!(#(#carried)* #packed return #call;);
    }
    let call = match (&signature.asyncness, has_inputs(arguments)) {
        (None, false) => {
            quote_spanned!(span=> #returns::run(#call_options, move || -> #of_body #body))
        }
        (None, true) => quote_spanned! {span=>
            #returns::run_with_inputs(#call_options, move || #inputs, move |#inputs| -> #of_body #body)
        },
        (Some(asyncness), false) => {
            quote_spanned!(span=> #returns::run_async(#call_options, #asyncness move #body))
        }
        (Some(asyncness), true) => quote_spanned! {span=>
            #returns::run_async_with_inputs(#call_options, move || #inputs, move |#inputs| #asyncness move #body)
        },
    };
    quote!(#(#carried)* #packed return #call;)
}

fn has_inputs(arguments: &[Argument<'_>]) -> bool {
    arguments.iter().any(|argument| argument.passing == Passing::Awaited)
}

// Input:  #[lazy] a: A, b: B, #[lazy] c: C
// Output: let __inputs = ();
//         let __inputs = (__arg0, __inputs);
//         let __inputs = (__arg2, __inputs);
fn pack(arguments: &[Argument<'_>], is_key: bool) -> TokenStream {
    if !is_key && !has_inputs(arguments) {
        return TokenStream::new();
    }
    let here = Span::mixed_site();
    let inputs = names::inputs(here);
    let packed = each_input(arguments, |argument| {
        let carrier = &argument.carrier;
        quote_spanned!(here=> let #inputs = (#carrier, #inputs);)
    });
    quote_spanned!(here=> let #inputs = (); #(#packed)*)
}

// Input:  #[lazy] a: A, b: B, #[lazy] c: C
// Output: let (__arg2, __inputs) = __inputs;
//         let (__arg0, __inputs) = __inputs;
//
// Input:  a: A, of a call that equal calls share
// Output: let (__arg0, __inputs) = (private::copy_of(&__inputs.0), &__inputs.1);
pub(super) fn unpack(arguments: &[Argument<'_>], runtime: &Runtime) -> TokenStream {
    let here = Span::mixed_site();
    let inputs = names::inputs(here);
    let unpacked = each_input(arguments, |argument| {
        let carrier = &argument.carrier;
        if !argument.is_key {
            return quote_spanned!(here=> let (#carrier, #inputs) = #inputs;);
        }
        let span = names::mixed(argument.outer.span());
        let private = runtime.private(span);
        let copy = quote_spanned!(span=> #private::copy_of(&#inputs.0));
        quote_spanned!(here=> let (#carrier, #inputs) = (#copy, &#inputs.1);)
    });
    unpacked.into_iter().rev().collect()
}

fn each_input(
    arguments: &[Argument<'_>],
    step: impl Fn(&Argument<'_>) -> TokenStream,
) -> Vec<TokenStream> {
    let packed = |argument: &&Argument<'_>| argument.is_key || argument.passing == Passing::Awaited;
    let step = |argument: &Argument<'_>| {
        let configured = argument.attributes.iter().filter(|attribute| is_cfg(attribute));
        let step = step(argument);
        quote!(#(#configured)* #step)
    };
    arguments.iter().filter(packed).map(step).collect()
}

/// The caller's side of an argument: puts it into its carrier.
fn carry(argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let Argument { outer, carrier, .. } = argument;
    let span = names::mixed(outer.span());
    let private = runtime.private(span);
    let ready = match (argument.passing, argument.is_receiver) {
        (Passing::Awaited, _) => quote_spanned!(span=> awaited),
        (Passing::Moved, _) if argument.is_key => quote_spanned!(span=> key),
        (Passing::Copied, _) if argument.is_key => quote_spanned!(span=> key_of),
        (Passing::Moved, _) => quote_spanned!(span=> give),
        (Passing::Copied, false) => quote_spanned!(span=> lend),
        (Passing::Copied, true) => quote_spanned!(span=> lend_receiver),
    };
    let configured: Vec<_> =
        argument.attributes.iter().filter(|attribute| is_cfg(attribute)).collect();
    let value = if argument.passing == Passing::Awaited {
        let ty = groups::parenthesized(argument.ty.to_token_stream());
        quote_spanned!(span=> #private::expected::<#ty>(#outer))
    } else {
        outer.to_token_stream()
    };
    // In two steps: the compiler would report a requirement twice, for the user's name and for the
    // generated expression.
    quote_spanned! {span=>
        #(#configured)* let #carrier = #value;
        #(#configured)* let #carrier = #private::#ready(#carrier);
    }
}

/// The body's side: binds every argument to its pattern, in order, around `body`.
///
/// A closure captures only what it uses, so each argument is moved into it as a whole, also if the
/// pattern ignores a part. As in a function, the last parameter is dropped first when the body ends,
/// and of each parameter its bindings before what they left of it.
pub(super) fn bind(
    arguments: &[Argument<'_>],
    body: Group,
    is_async: bool,
    output: &Output,
    runtime: &Runtime,
) -> Group {
    // Nothing is coerced to `!`, so its type need not be declared.
    let declares = is_async && !output.is_never;
    if arguments.is_empty() && !declares {
        return body;
    }
    // A key is unpacked before the closure with the body: see `sharing`.
    let is_key = arguments.iter().any(|argument| argument.is_key);
    let unpacked = (!is_key).then(|| unpack(arguments, runtime));
    let bindings = arguments.iter().map(|argument| binding(argument, runtime));
    let span = names::mixed(output.span);
    // In the arm of a match the temporaries of the body's last expression are dropped before the
    // arguments, as in a function, and no lint takes the user's braces for needless.
    let body = if declares {
        declare_result(&body, output, runtime)
    } else {
        quote_spanned!(span=> match () { () => #body })
    };
    brace(quote_spanned!(span=> #unpacked #(#bindings)* #body), span)
}

// Input:  { Ok(get().await?) }
// Output: if let Some(__result) = private::never_any::<Result<u8, Error>>() {
//             return __result;
//         }
//         return match private::never_any::<Result<u8, Error>>() {
//             Some(__result) => __result,
//             None => { Ok(get().await?) }
//         };
/// Declares the result type of an `async` block, whose syntax has no place for it.
///
/// The first `return` in a block decides its type, so one that never runs comes before the body.
/// Without it the first result in the body would decide, and no result would be coerced.
///
/// The block ends in a `return` because Clippy reports every `async` block that ends in a future. The
/// arm that never runs keeps the `return` reachable if the body is known to diverge.
fn declare_result(body: &Group, output: &Output, runtime: &Runtime) -> TokenStream {
    let span = names::mixed(output.span);
    let (private, of_body) = (runtime.private(output.span), &output.of_body);
    let result = names::local("result", output.span);
    let (none, some) = (
        quote_spanned!(span=> #private::Maybe::None),
        quote_spanned!(span=> #private::Maybe::Some(#result)),
    );
    let never = quote_spanned!(span=> #private::never_any::<#of_body>());
    quote_spanned! {span=>
        if let #some = #never {
            return #result;
        }
        return match #never {
            #some => #result,
            #none => #body
        };
    }
}

// Input:  mut x: Vec<u8>, (a, _): (A, B), &y: &u8
// Output: let mut x = private::Given::take(__arg0);
//         let __arg1 = private::Given::take(__arg1); let (a, _) = __arg1;
//         let __arg2 = __arg2; let &y = private::Lent::get(&__arg2);
fn binding(argument: &Argument<'_>, runtime: &Runtime) -> TokenStream {
    let Argument { carrier, pattern, attributes, .. } = argument;
    let span = names::mixed(argument.outer.span());
    let private = runtime.private(span);
    let configured: Vec<_> = attributes.iter().filter(|attribute| is_cfg(attribute)).collect();
    let lints = attributes.iter().filter(|attribute| signatures::is_lint(attribute));
    let (place, value) = match argument.passing {
        Passing::Moved | Passing::Awaited if argument.is_named => {
            (None, quote_spanned!(span=> #private::Given::take(#carrier)))
        }
        Passing::Moved | Passing::Awaited => {
            // The place behind `ref mut` has to be mutable.
            let mutability = borrows_mutably(pattern.clone()).then(|| quote_spanned!(span=> mut));
            let place =
                quote_spanned!(span=> let #mutability #carrier = #private::Given::take(#carrier););
            (Some(place), carrier.to_token_stream())
        }
        Passing::Copied => (
            Some(quote_spanned!(span=> let #carrier = #carrier;)),
            quote_spanned!(span=> #private::Lent::get(&#carrier)),
        ),
    };
    let place = place.map(|place| quote_spanned!(span=> #(#configured)* #place));
    // In the user's function the parameter has one binding, in the expansion two.
    let shadow =
        (!argument.is_receiver).then(|| quote_spanned!(span=> #[allow(clippy::shadow_unrelated)]));
    quote_spanned!(span=> #place #(#configured)* #shadow #(#lints)* let #pattern = #value;)
}

fn borrows_mutably(pattern: TokenStream) -> bool {
    let trees: Vec<_> = pattern.into_iter().collect();
    let is = |tree: &TokenTree, word| matches!(tree, TokenTree::Ident(ident) if ident == word);
    trees.windows(2).any(|pair| is(&pair[0], "ref") && is(&pair[1], "mut"))
        || trees
            .iter()
            .any(|tree| matches!(tree, TokenTree::Group(group) if borrows_mutably(group.stream())))
}

// Input:  compute, name = "fetch"
// Output: private::Options::of(const { private::Definition.place() }).compute().name("fetch")
/// The place of the call, the place of the definition, and the options.
pub(super) fn call_options(
    signature: &Signature,
    options: &Options,
    runtime: &Runtime,
) -> TokenStream {
    let here = Span::mixed_site();
    let private = runtime.private(here);
    let definition = definition(signature, runtime);
    let mut chain = quote_spanned!(here=> #private::Options::of(#definition));
    if let Some(compute) = &options.compute {
        let span = names::mixed(compute.span());
        chain.extend(quote_spanned!(span=> .compute()));
    }
    if let Some(own_stack) = &options.own_stack {
        let span = names::mixed(own_stack.span());
        chain.extend(quote_spanned!(span=> .own_stack()));
    }
    if let Some(name) = &options.name {
        chain.extend(quote_spanned!(here=> .name(#name)));
    }
    if let Some(limit) = &options.limit {
        chain.extend(limit_option(limit, runtime));
    }
    if let Some(timeout) = &options.timeout {
        let duration = duration(timeout, signature, runtime);
        chain.extend(quote_spanned! {duration.span()=> .timeout(#duration) });
    }
    if let Some(timeout) = &options.run_timeout {
        let duration = duration(timeout, signature, runtime);
        chain.extend(quote_spanned! {duration.span()=> .run_timeout(#duration) });
    }
    chain
}

// Input:  4
// Output: .limit({
//             static __LIMIT: private::Limit = private::Limit::new(4);
//             &__LIMIT
//         })
//
// Input:  DATABASE
// Output: .limit({
//             use private::AnyLimit as _;
//             static __LIMIT: private::ChosenLimit = {
//                 private::is_limit(&(DATABASE));
//                 private::LimitValue(&(DATABASE)).choose()
//             };
//             private::ChosenLimit::get(&__LIMIT)
//         })
/// In a block of its own, where the body does not see the static.
fn limit_option(limit: &Expr, runtime: &Runtime) -> TokenStream {
    let span = names::mixed(limit.span());
    let private = runtime.private(span);
    let is_literal = matches!(limit, Expr::Lit(_));
    let limit = groups::parenthesized(limit.to_token_stream());
    let name = names::item("limit", span);
    if is_literal {
        return quote_spanned! {span=>
            .limit({
                static #name: #private::Limit = #private::Limit::new(#limit);
                &#name
            })
        };
    }
    quote_spanned! {span=>
        .limit({
            use #private::AnyLimit as _;
            static #name: #private::ChosenLimit = {
                #private::is_limit(&(#limit));
                #private::LimitValue(&(#limit)).choose()
            };
            #private::ChosenLimit::get(&#name)
        })
    }
}

/// An expression of type `Duration`.
pub(super) fn duration(timeout: &Timeout, signature: &Signature, runtime: &Runtime) -> TokenStream {
    match timeout {
        Timeout::Literal(duration) => {
            let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
            let here = Span::mixed_site();
            let private = runtime.private(here);
            quote_spanned!(here=> #private::LiteralDuration::new(#seconds, #nanoseconds))
        }
        Timeout::Expression(timeout) => {
            let span = names::mixed(timeout.span());
            let private = runtime.private(span);
            let timeout = groups::parenthesized(timeout.to_token_stream());
            let name = signature.ident.to_string();
            quote_spanned! {span=> #private::timeout(#timeout, #name) }
        }
    }
}

/// The place of the function's name, in a constant.
///
/// The method returns the place of its caller. In code of a macro that is the place of the attribute, so
/// the method's name and parentheses have the span of the user's.
fn definition(signature: &Signature, runtime: &Runtime) -> TokenStream {
    let private = runtime.private(Span::mixed_site());
    let place = quote_spanned!(signature.ident.span()=> place());
    quote_spanned!(Span::mixed_site()=> const { #private::Definition.#place })
}

pub(super) fn is_cfg(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
}
