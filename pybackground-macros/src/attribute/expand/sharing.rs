//! The call of a function with `single_flight` or `cache`, which equal calls share.

use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Signature;
use syn::spanned::Spanned;

use super::names::{self, Argument};
use super::output::Output;
use super::{Runtime, call};
use crate::attribute::groups;
use crate::attribute::parse::{Cache, Options};

/// How many values `cache` keeps.
const USUAL_SIZE: usize = 1_000;

// Input:  #[background(cache(size = 100))] fn f(x: &str) -> usize { x.len() }
// Output: private::cached! {
//             <private::BackgroundCall as private::ReturnsShared<_>>::run(
//                 private::Options::of(const { private::Definition.place() }),
//                 private::Sharing::new({
//                     static __REUSE: private::Reuse = private::Reuse::cache(100);
//                     &__REUSE
//                 }),
//                 || &__inputs,
//                 || {
//                     let (__arg0, __inputs) = (private::copy_of(&__inputs.0), &__inputs.1);
//                     move || -> private::Same<usize> { .. }
//                 },
//                 |__value: &usize| private::Kept(__value)[private::IsKept],
//             )
//         }
pub(super) fn call(
    call_options: &TokenStream,
    options: &Options,
    signature: &Signature,
    arguments: &[Argument<'_>],
    output: &Output,
    runtime: &Runtime,
    body: &Group,
) -> TokenStream {
    let span = names::mixed(output.span);
    let private = runtime.private(output.span);
    let of_body = &output.of_body;
    let (inputs, value) = (names::inputs(span), names::local("value", span));
    let sharing = sharing(options, signature, runtime);
    let unpacked = call::unpack(arguments, runtime);
    let is_kept = if options.cache.is_some() {
        quote_spanned!(span=> |#value: &#of_body| #private::Kept(#value)[#private::IsKept])
    } else {
        quote_spanned!(span=> |_: &#of_body| false)
    };
    let returns = quote_spanned!(span=> <#private::BackgroundCall as #private::ReturnsShared<_>>);
    let call = match &signature.asyncness {
        None => quote_spanned! {span=>
            #returns::run(
                #call_options, #sharing, || &#inputs, || { #unpacked move || -> #of_body #body }, #is_kept,
            )
        },
        Some(asyncness) => quote_spanned! {span=>
            #returns::run_async(
                #call_options, #sharing, || &#inputs, || { #unpacked #asyncness move #body }, #is_kept,
            )
        },
    };
    match &options.cache {
        None => call,
        Some((key, _)) => {
            let span = names::mixed(key.span());
            let private = runtime.private(span);
            quote_spanned!(span=> #private::cached! { #call })
        }
    }
}

fn sharing(options: &Options, signature: &Signature, runtime: &Runtime) -> TokenStream {
    let here = Span::mixed_site();
    let private = runtime.private(here);
    let name = names::item("reuse", here);
    let cache = options.cache.as_ref().map(|(_, cache)| cache);
    let reuse = match cache {
        None => quote_spanned!(here=> single_flight()),
        Some(Cache { size: None, .. }) => quote_spanned!(here=> cache(#USUAL_SIZE)),
        Some(Cache { size: Some(size), .. }) => {
            let span = names::mixed(size.span());
            let size = groups::parenthesized(size.to_token_stream());
            quote_spanned!(span=> cache(#size))
        }
    };
    let mut sharing = quote_spanned! {here=>
        #private::Sharing::new({
            static #name: #private::Reuse = #private::Reuse::#reuse;
            &#name
        })
    };
    if let Some(ttl) = cache.and_then(|cache| cache.ttl.as_ref()) {
        let duration = call::duration(ttl, signature, runtime);
        sharing.extend(quote_spanned! {here=> .time_to_live(#duration) });
    }
    sharing
}
