//! The function below the attribute. Its signature is parsed; its body stays tokens, so that a body
//! which an editor sees half typed, or syntax newer than this crate, passes through unharmed.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, LitStr, Signature, Token, Visibility};

use crate::attribute::{groups, messages};

/// A function, method, or declaration of a trait's method.
pub(crate) struct Function {
    /// The attributes above it, in order.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    /// Of the still unstable `default fn`.
    pub(crate) defaultness: Option<keyword::default>,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

/// What follows the signature.
pub(crate) enum Body {
    /// `{ .. }`
    Block {
        /// The inner attributes, `#![..]`, that open the block: they are the function's.
        attributes: Vec<Attribute>,
        /// The block without them. Without any it is the very group that the compiler passed in:
        /// a group that is built anew loses what the invisible groups in it say about precedence.
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
        without.set_span(block.span());
        Ok(Self::Block { attributes, block: without })
    }
}

/// The brace group that comes next, also when a `macro_rules!` passed it on as `$body:block`.
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

/// `#[lazy]`, on a parameter whose argument may be on its way.
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
