//! Each file in `expansions/` shows a shape of function and, below a line, what becomes of it.
//!
//! After a change of the expansion: `UPDATE_EXPANSIONS=1 cargo test -p pybackground-macros`, and read
//! the difference.

use std::path::{Path, PathBuf};
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, ImplItem, Item, TraitItem};

const LINE: &str = "\n// ---- becomes ----\n\n";

#[test]
fn expansions_are_as_shown() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("expansions");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let (input, shown) = text.split_once(LINE).unwrap_or((&text, ""));
        let expanded = expand_all(input);
        if env::var_os("UPDATE_EXPANSIONS").is_some() {
            fs::write(&file, format!("{}\n{LINE}{expanded}", input.trim_end())).unwrap();
        } else {
            assert_eq!(expanded, shown, "{}", file.display());
        }
    }
}

/// The source with every function under `#[background]` expanded.
fn expand_all(source: &str) -> String {
    let file: syn::File = syn::parse_str(source).unwrap();
    let items = file.items.into_iter().map(|item| match item {
        Item::Fn(function) => expand(&function.attrs, &function),
        Item::Impl(mut block) => {
            let items = std::mem::take(&mut block.items);
            around(
                &block,
                items.iter().map(|item| match item {
                    ImplItem::Fn(method) => expand(&method.attrs, method),
                    other => other.to_token_stream(),
                }),
            )
        }
        Item::Trait(mut declaration) => {
            let items = std::mem::take(&mut declaration.items);
            around(
                &declaration,
                items.iter().map(|item| match item {
                    TraitItem::Fn(method) => expand(&method.attrs, method),
                    other => other.to_token_stream(),
                }),
            )
        }
        other => other.to_token_stream(),
    });
    let expanded: TokenStream = items.collect();
    prettyplease::unparse(&syn::parse2(expanded).unwrap())
}

/// An `impl` or `trait` that was emptied, with other items in it.
fn around(container: &impl ToTokens, items: impl Iterator<Item = TokenStream>) -> TokenStream {
    let mut tokens: Vec<_> = container.to_token_stream().into_iter().collect();
    let braces = tokens.pop();
    assert!(braces.is_some_and(|braces| braces.to_string().contains('{')));
    quote!(#(#tokens)* { #(#items)* })
}

/// Expands the item below its first attribute, if that is `#[background]`.
fn expand(attributes: &[Attribute], item: &impl ToTokens) -> TokenStream {
    let Some(attribute) = attributes.first().filter(|first| first.path().is_ident("background"))
    else {
        return item.to_token_stream();
    };
    let arguments = match &attribute.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    // Without `#` and `[background]`.
    let below = item.to_token_stream().into_iter().skip(2).collect();
    super::expand("pybackground", arguments, below)
}
