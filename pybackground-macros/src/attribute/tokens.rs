//! Finds names in tokens that are not parsed.

use proc_macro2::{Ident, TokenStream, TokenTree};

/// Finds the first `word` in `tokens`, at any depth.
pub(super) fn find(tokens: TokenStream, word: &str) -> Option<Ident> {
    tokens.into_iter().find_map(|tree| match tree {
        TokenTree::Ident(ident) => (ident == word).then_some(ident),
        TokenTree::Group(group) => find(group.stream(), word),
        TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    })
}

/// Whether `name` is in `tokens`, at any depth.
pub(super) fn mention(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mention(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Finds the uses of `name` as a variable. A field or method (`x.name`), a part of a path (`name::x`,
/// `x::name`), the name of a field (`X { name: 1 }`) and a function are not variables.
pub(super) fn uses(tokens: TokenStream, name: &Ident) -> Vec<Ident> {
    let trees: Vec<_> = tokens.into_iter().collect();
    let mut found = Vec::new();
    for (index, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Ident(ident) if ident == name => {
                let before = index.checked_sub(1).and_then(|before| trees.get(before));
                let after = trees.get(index + 1);
                let is_called = matches!(after, Some(TokenTree::Group(group))
                    if group.delimiter() == proc_macro2::Delimiter::Parenthesis);
                if !is_punct(before, &['.', ':']) && !is_punct(after, &[':']) && !is_called {
                    found.push(ident.clone());
                }
            }
            TokenTree::Group(group) => found.extend(uses(group.stream(), name)),
            _ => {}
        }
    }
    found
}

/// Whether `tree` is one of these characters.
pub(super) fn is_punct(tree: Option<&TokenTree>, among: &[char]) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if among.contains(&punct.as_char()))
}
