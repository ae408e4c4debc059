//! The guide's page on messages of the compiler quotes what the compiler says.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../docs/guide/compiler_messages.md");
const MESSAGES: [&str; 2] = [include_str!("page/types.stderr"), include_str!("page/moves.stderr")];

/// The lines of the page that are quoted.
fn quoted() -> impl Iterator<Item = &'static str> {
    let blocks = PAGE.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty())
}

/// The lines that the compiler prints of the files in `page`.
fn printed() -> BTreeSet<&'static str> {
    MESSAGES.iter().flat_map(|text| text.lines()).map(str::trim).collect()
}

#[test]
fn each_quoted_line_is_one_of_the_compiler() {
    let printed = printed();
    for line in quoted() {
        assert!(printed.contains(line), "the compiler does not say: {line}");
    }
    assert!(quoted().count() > 20);
}

#[test]
fn each_message_is_explained() {
    let quoted: BTreeSet<&str> = quoted().collect();
    for title in printed().into_iter().filter(|line| line.starts_with("error")) {
        assert!(quoted.contains(title), "not on the page: {title}");
    }
}
