//! Looking for names in tokens that are not parsed.

use proc_macro2::{Ident, TokenStream, TokenTree};

/// The first place, at whatever depth, where `word` stands in `tokens`.
pub(super) fn find(tokens: TokenStream, word: &str) -> Option<Ident> {
    tokens.into_iter().find_map(|tree| match tree {
        TokenTree::Ident(ident) => (ident == word).then_some(ident),
        TokenTree::Group(group) => find(group.stream(), word),
        TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    })
}

/// Whether `name` stands anywhere in `tokens`, at whatever depth.
pub(super) fn mention(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mention(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The places where `name` is used as a variable: not as a field or method (`x.name`), not as part
/// of a path (`name::x`, `x::name`), not to name a field (`X { name: 1 }`), and not as a function.
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

/// Whether there is a tree, and it is one of these signs.
pub(super) fn is_punct(tree: Option<&TokenTree>, among: &[char]) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if among.contains(&punct.as_char()))
}
