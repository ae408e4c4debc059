//! The `#[background]` attribute of [`pybackground`](https://docs.rs/pybackground), which is where to
//! get it from.

use proc_macro::TokenStream;

mod attribute;

#[doc = include_str!("background.md")]
#[proc_macro_attribute]
pub fn background(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand("pybackground", arguments.into(), item.into()).into()
}

/// [`macro@background`] for crates that depend on the runtime alone, where it has that name too.
#[proc_macro_attribute]
pub fn background_runtime(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand("pybackground_runtime", arguments.into(), item.into()).into()
}
