//! The `#[background]` attribute of [`pybackground`](https://docs.rs/pybackground). Depend on that crate,
//! which exports the attribute.

use proc_macro::TokenStream;

mod attribute;

#[doc = include_str!("background.md")]
#[proc_macro_attribute]
pub fn background(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand("pybackground", arguments.into(), item.into()).into()
}

/// [`macro@background`] for crates that depend only on `pybackground-runtime`, which exports it as `background`.
#[proc_macro_attribute]
pub fn background_runtime(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand("pybackground_runtime", arguments.into(), item.into()).into()
}
