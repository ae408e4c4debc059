//! Turns the tokens of an attributed function into the tokens that replace it.
//!
//! | phase | question it answers |
//! |---|---|
//! | [`parse`] | what did the user write? |
//! | [`validate`] | can it run in the background, and how does each argument get there? |
//! | [`expand`] | what is the function that does so? |
//!
//! All phases add their errors to one [`report`], with the texts of [`messages`], and preserve
//! invisible [`groups`].

mod expand;
mod groups;
#[cfg(test)]
mod half_typed;
mod messages;
mod parse;
mod report;
#[cfg(test)]
mod snapshots;
mod tokens;
mod validate;

use proc_macro2::TokenStream;

use self::parse::{Function, Options};
use self::report::Report;

/// Expands `#[background(arguments)] item`. The runtime's path is `::default_crate` without the option `crate`.
pub(crate) fn expand(
    default_crate: &str,
    arguments: TokenStream,
    item: TokenStream,
) -> TokenStream {
    let mut report = Report::default();
    let options = Options::parse(arguments, &mut report);
    let function = match Function::parse(item.clone()) {
        Ok(function) => function,
        Err(error) if Function::begins(item.clone()) => return expand::unread(&item, &error),
        Err(error) => {
            report.push(error);
            return report.into_compile_errors().into_iter().chain([item]).collect();
        }
    };
    let passing = validate::validate(&function, &options, &mut report);
    let runtime = expand::Runtime::new(default_crate, &options);
    match report.into_compile_errors() {
        Some(errors) => expand::refused(&function, &passing, &options, &runtime, &errors),
        None => expand::accepted(&function, &passing, &options, &runtime),
    }
}
