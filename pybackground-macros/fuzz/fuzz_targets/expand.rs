//! Feeds text to the expansion: a line that is the attribute's arguments, then the item below it.
//!
//! Whatever comes in, the expansion does not panic. And if the item was a function, then what comes
//! out is Rust, be it the new function or the one that says why there is none.
//!
//! `cargo +stable fuzz run -s none expand` in this folder's parent; `corpus/expand` is kept.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proc_macro2::TokenStream;

// A procedural macro cannot be linked to, but its phases can be compiled in.
#[path = "../../src/attribute/mod.rs"]
mod attribute;

fuzz_target!(|text: &str| {
    let (arguments, item) = text.split_once('\n').unwrap_or(("", text));
    let (Ok(arguments), Ok(item)) = (arguments.parse::<TokenStream>(), item.parse::<TokenStream>())
    else {
        return;
    };
    let is_function = syn::parse2::<syn::ItemFn>(item.clone()).is_ok();
    let expanded = attribute::expand("pybackground", arguments, item);
    if is_function && let Err(error) = syn::parse2::<syn::File>(expanded.clone()) {
        panic!("expands to what is no Rust: {error}\n{expanded}");
    }
});
