//! Half-typed functions, as an editor passes them to the attribute.

use proc_macro2::TokenStream;

const BODY: &str = "let marker = text . len () ; marker";

/// The expansion of a function with `BODY`, whose signature is `signature`.
fn expand(arguments: &str, signature: &str) -> String {
    let item: TokenStream = format!("{signature} {{ {BODY} }}").parse().unwrap();
    super::expand("pybackground", arguments.parse().unwrap(), item).to_string()
}

/// The compiler reports the mistakes of such a function itself.
#[test]
fn function_that_cannot_be_parsed_is_emitted_as_it_is() {
    for signature in [
        "pub fn f(text: ) -> usize",
        "fn f(a: u8, text: ) -> usize",
        "fn f(text: , b: u8) -> usize",
        "async fn f(mut text: , (a, b): (u8, u8)) -> usize",
        "fn f<T: Fn(u8) -> u8>(a: T, text: &) -> usize",
        "fn f(&self, text: Vec<) -> usize",
        "fn f(text: std::) -> usize",
        "fn f(text: &str) ->",
        "fn f(text: ) -> where Self: Sized,",
        "fn (text: &str) -> usize",
        "fn 1f(text: &str) -> usize",
        "fn f",
        "fn f(text)",
        "fn f(text: &str,, b: u8)",
        "fn f(#[lazy] text)",
        "fn f(&sel)",
        "fn f(mut)",
        "fn f<const N>(text: &str)",
    ] {
        let item: TokenStream = format!("{signature} {{ {BODY} }}").parse().unwrap();
        let expanded = expand("timeout = 1", signature);
        assert!(expanded.ends_with(&item.to_string()), "{expanded}");
        assert!(!expanded.contains("compile_error"), "{expanded}");
        // If the compiler has found no mistake, this is one.
        assert!(expanded.contains("deny (unfulfilled_lint_expectations)"), "{expanded}");
    }
}

#[test]
fn unfinished_option_is_reported_once_and_the_body_stays() {
    for arguments in ["timeout", "timeout =", "li", "limit = 4,, compute", "name = "] {
        let expanded = expand(arguments, "fn f(text: &str) -> usize");
        assert_eq!(expanded.matches("compile_error").count(), 1, "{arguments}: {expanded}");
        assert_eq!(expanded.matches(BODY).count(), 1, "{arguments}: {expanded}");
    }
}

#[test]
fn half_typed_body_passes_through() {
    for body in ["text.", "let x = ", "if text.len() > { }", "text.len() match"] {
        let item: TokenStream = format!("fn f(text: &str) -> usize {{ {body} }}").parse().unwrap();
        let expanded = super::expand("pybackground", TokenStream::new(), item).to_string();
        let body = body.parse::<TokenStream>().unwrap().to_string();
        assert!(!expanded.contains("compile_error"), "{expanded}");
        assert!(expanded.contains(&body), "{expanded}");
    }
}
