//! The `#[background]` attribute of [`pybackground`](https://docs.rs/pybackground).

use proc_macro::TokenStream;

mod attribute;

/// Runs each call of a function in the background.
#[proc_macro_attribute]
pub fn background(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand("pybackground", arguments.into(), item.into()).into()
}

/// [`background`] for crates that depend on the runtime alone.
#[proc_macro_attribute]
pub fn background_runtime(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand("pybackground_runtime", arguments.into(), item.into()).into()
}
