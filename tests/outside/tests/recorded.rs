//! The feature `timeline` needs nothing else of a user.

use pybackground::{background, timeline};

#[background]
fn answer() -> u32 {
    42
}

#[test]
fn guard_writes_a_page_with_the_calls() {
    let path = std::env::temp_dir().join(format!("outside-{}.html", std::process::id()));
    let recording = timeline(&path).unwrap();
    assert_eq!(answer(), 42);
    drop(recording);
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains("::answer") && page.ends_with("</html>\n"));
    std::fs::remove_file(path).unwrap();
}
