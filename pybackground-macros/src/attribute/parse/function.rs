//! The function below the attribute. Its signature is parsed. Its body stays tokens, so that a half
//! typed body in an editor, or syntax that is newer than this crate, passes through unchanged.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, LitStr, Signature, Token, Visibility};

use crate::attribute::{groups, messages};

/// A function, method, or declaration of a trait's method.
pub(crate) struct Function {
    /// The attributes above the function, in order.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    /// The `default` of the unstable `default fn`.
    pub(crate) defaultness: Option<keyword::default>,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

/// The part after the signature.
pub(crate) enum Body {
    /// `{ .. }`
    Block {
        /// The inner attributes, `#![..]`, at the start of the block. They belong to the function.
        attributes: Vec<Attribute>,
        /// The block without inner attributes. If there are none, this is the group that the compiler
        /// passed: in a new group the invisible groups would lose their effect on precedence.
        block: Group,
    },
    /// `;`, where a trait declares a method.
    Declaration(Token![;]),
}

mod keyword {
    syn::custom_keyword!(default);
}

impl Function {
    pub(crate) fn parse(item: TokenStream) -> syn::Result<Self> {
        Parser::parse2(Self::parse_stream, item)
    }

    /// Whether `item` begins as a function does.
    pub(crate) fn begins(item: TokenStream) -> bool {
        let begins = |input: ParseStream<'_>| {
            input.call(Attribute::parse_outer)?;
            input.parse::<Visibility>()?;
            let begins = at_function(input);
            input.parse::<TokenStream>().map(|_| begins)
        };
        Parser::parse2(begins, item).unwrap_or(false)
    }

    fn parse_stream(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !at_function(input) {
            return Err(not_a_function(input));
        }
        let defaultness = input.parse()?;
        let signature = input.parse()?;
        let body = if input.peek(Token![;]) {
            Body::Declaration(input.parse()?)
        } else {
            Body::parse(input)?
        };
        Ok(Self { attributes, visibility, defaultness, signature, body })
    }
}

impl Body {
    // Input:  { #![allow(unused)] work() }
    // Output: [#![allow(unused)]] and { work() }
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let block = visible_group(input)?;
        let (attributes, rest) = Parser::parse2(split_inner_attributes, block.stream())?;
        if attributes.is_empty() {
            return Ok(Self::Block { attributes, block });
        }
        let mut without = Group::new(Delimiter::Brace, groups::parenthesized_at_top(rest));
        without.set_span(groups::span(&block));
        Ok(Self::Block { attributes, block: without })
    }
}

/// Parses a brace group, also if a `macro_rules!` passed it on as `$body:block`.
fn visible_group(input: ParseStream<'_>) -> syn::Result<Group> {
    let start = input.span();
    let mut tree = input.parse::<TokenTree>();
    while let Ok(TokenTree::Group(group)) = tree {
        match group.delimiter() {
            Delimiter::Brace => return Ok(group),
            Delimiter::None => {
                let mut inner = group.stream().into_iter();
                tree = match (inner.next(), inner.next()) {
                    (Some(only), None) => Ok(only),
                    _ => break,
                };
            }
            Delimiter::Parenthesis | Delimiter::Bracket => break,
        }
    }
    Err(syn::Error::new(start, "expected the function's body"))
}

/// Whether this is `#[lazy]`, on a parameter whose argument may have no value yet.
pub(crate) fn is_lazy(attribute: &Attribute) -> bool {
    attribute.path().is_ident("lazy")
}

fn split_inner_attributes(input: ParseStream<'_>) -> syn::Result<(Vec<Attribute>, TokenStream)> {
    Ok((input.call(Attribute::parse_inner)?, input.parse()?))
}

fn at_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let qualifiers = |ahead: ParseStream<'_>| -> syn::Result<bool> {
        ahead.parse::<Option<keyword::default>>()?;
        ahead.parse::<Option<Token![const]>>()?;
        ahead.parse::<Option<Token![async]>>()?;
        ahead.parse::<Option<Token![unsafe]>>()?;
        if ahead.parse::<Option<Token![extern]>>()?.is_some() {
            ahead.parse::<Option<LitStr>>()?;
        }
        Ok(ahead.peek(Token![fn]))
    };
    qualifiers(&ahead).unwrap_or(false)
}

fn not_a_function(input: ParseStream<'_>) -> syn::Error {
    let holds_functions =
        input.peek(Token![impl]) || input.peek(Token![trait]) || input.peek(Token![mod]);
    input.error(if holds_functions { messages::CONTAINER } else { messages::NOT_A_FUNCTION })
}
