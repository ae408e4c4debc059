//! The function that takes the place of the attributed one.
//!
//! - [`names`]: generated names, which do not collide with names in user code
//! - [`signature`]: the signature that callers see
//! - [`output`]: `T` → `Lazy<T>`, and the result type of the closure with the body
//! - [`call`]: the options of a call, and the body as a closure
//! - [`sharing`]: how equal calls share one
//! - [`process`]: the body as an entry in the list of functions for other processes
//! - [`receiver`] and [`format_string`]: a variable in the place of `self`
//!
//! In the comments `__` stands for the prefix of generated names.

mod call;
mod format_string;
mod names;
mod output;
mod process;
mod receiver;
mod sharing;
mod signature;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Signature;

use super::messages;
use super::parse::{Body, Function, Options};
use super::validate::{self, Passing};

/// The path of the library, in two parts.
pub(crate) struct Runtime {
    /// What may stand anywhere.
    start: TokenStream,
    /// The names that the user wrote, unless a macro did. They keep their place: if there is no such module, each use
    /// of the path is an error, and the compiler merges errors at one place.
    names: TokenStream,
}

impl Runtime {
    pub(crate) fn new(default_crate: &str, options: &Options) -> Self {
        let Some(path) = &options.runtime else {
            let name = Ident::new(default_crate, Span::mixed_site());
            let start = quote_spanned!(Span::mixed_site()=> ::#name);
            return Self { start, names: TokenStream::new() };
        };
        let mut start: Vec<_> = path.to_token_stream().into_iter().collect();
        let is =
            |tree: &TokenTree, word: &str| matches!(tree, TokenTree::Ident(ident) if ident == word);
        let always_exists = |tree: &TokenTree| {
            !matches!(tree, TokenTree::Ident(_))
                || ["crate", "self", "super"].iter().any(|word| is(tree, word))
        };
        let is_of_macro = start.iter().any(|tree| is(tree, "$crate"));
        let names = start.iter().position(|tree| !is_of_macro && !always_exists(tree));
        let names = start.split_off(names.unwrap_or(start.len()));
        Self { start: start.into_iter().collect(), names: names.into_iter().collect() }
    }

    /// The path, at `span`, where the compiler then shows errors about the item: a path from several places is where its
    /// generated tokens are, or, in a macro, where it begins.
    fn at(&self, span: Span) -> TokenStream {
        let (start, names) = (names::relocate(self.start.clone(), span), &self.names);
        quote!(#start #names)
    }

    fn private(&self, span: Span) -> TokenStream {
        let path = self.at(span);
        let span = names::mixed(span);
        quote_spanned!(span=> #path::__private)
    }
}

// Input:  pub fn f(x: &str) -> usize { x.len() }
// Output: pub fn f(x: &str) -> Lazy<usize> { let x = lend(x); run(.., move || -> usize { .. }) }
pub(crate) fn accepted(
    function: &Function,
    passing: &[Passing],
    options: &Options,
    runtime: &Runtime,
) -> TokenStream {
    let Function { attributes, visibility, defaultness, signature, body } = function;
    let output = output::Output::of(signature, options, runtime);
    let arguments = names::arguments(signature, passing, options);
    let outer_signature = signature::background(signature, &arguments, &output, runtime);
    let attributes = signature::attributes(attributes, &arguments);
    let body = match body {
        Body::Declaration(semicolon) => semicolon.to_token_stream(),
        Body::Block { attributes, block } => {
            let call = if options.leaves_process() {
                process::call(signature, &arguments, options, &output, runtime, block)
            } else {
                call::call(signature, &arguments, options, &output, runtime, block)
            };
            brace(quote!(#(#attributes)* #call), block.span()).into_token_stream()
        }
    };
    quote!(#attributes #visibility #defaultness #outer_signature #body)
}

/// The expansion of a function that was refused. It exists, so that the compiler does not report its
/// callers too. The errors replace its body, so that the compiler does not check the body's type.
/// rust-analyzer still sees the body.
pub(crate) fn refused(
    function: &Function,
    passing: &[Passing],
    options: &Options,
    runtime: &Runtime,
    errors: &TokenStream,
) -> TokenStream {
    let Function { attributes, visibility, defaultness, signature, body } = function;
    // A test would be left out of a build without tests, together with what it reports.
    let attributes = attributes.iter().filter(|attribute| !validate::is_test(attribute));
    // The compiler does not know rust-analyzer's name.
    let allow = quote_spanned!(Span::mixed_site()=> #[allow(unexpected_cfgs)]);
    // What these return is decided elsewhere.
    let signature = if validate::is_main(signature) {
        signature.to_token_stream()
    } else if validate::is_destructor(signature) {
        Signature { asyncness: None, ..signature.clone() }.into_token_stream()
    } else {
        let output = output::Output::of(signature, options, runtime);
        signature::refused(signature, passing, &output, runtime)
    };
    let body = match body {
        Body::Declaration(semicolon) => quote!(#semicolon #errors),
        Body::Block { block, .. } => {
            let editor = quote_spanned!(Span::mixed_site()=> #[cfg(rust_analyzer)] #block);
            brace(quote!(#editor #errors), block.span()).into_token_stream()
        }
    };
    quote!(#(#attributes)* #allow #visibility #defaultness #signature #body)
}

/// A function that cannot be parsed, as it is. The compiler has reported a half typed function before it passed
/// it to the attribute. It finds the same mistake again in the same tokens, and shows it once. An editor keeps
/// types and completions inside the body.
///
/// If the compiler knows a syntax that this crate does not, it reports no mistake, and the function would run
/// in its caller. Then the lint is the error. The compiler checks this lint only if there is no other error.
pub(crate) fn unread(item: &TokenStream, error: &syn::Error) -> TokenStream {
    let span = item.clone().into_iter().next().map_or_else(Span::call_site, |first| first.span());
    let reason = format!("{}: {error}", messages::UNREAD);
    quote_spanned!(span=>
        #[deny(unfulfilled_lint_expectations)]
        #[expect(missing_copy_implementations, reason = #reason)]
        #item
    )
}

/// Braces at `span`, which is that of the user's braces. The compiler does not report a function as unused
/// if its braces are generated.
fn brace(content: TokenStream, span: Span) -> Group {
    let mut group = Group::new(Delimiter::Brace, content);
    group.set_span(span);
    group
}
