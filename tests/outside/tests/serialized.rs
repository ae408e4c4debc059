//! The feature `serde`: a call is written as its value and read as a call that is ready.

use pybackground::{Lazy, Shared, background};

#[background]
fn title(page: u32) -> String {
    format!("page {page}")
}

#[test]
fn lazy_and_shared_make_the_round_trip() {
    let written = serde_json::to_string(&(title(7), Lazy::share(title(8)))).unwrap();
    assert_eq!(written, r#"["page 7","page 8"]"#);
    let (lazy, shared): (Lazy<String>, Shared<String>) = serde_json::from_str(&written).unwrap();
    assert_eq!(Lazy::into_inner(lazy), "page 7");
    assert_eq!(*shared, "page 8");
}
