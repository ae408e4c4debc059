//! What the table of forwarded traits says does not compile, does not.

use std::collections::BTreeSet;

const TABLE: &str = include_str!("../../pybackground-runtime/src/forward/table.md");
const SOURCES: [(&str, &str, &str); 2] = [
    (
        "values/not_forwarded.rs",
        include_str!("values/not_forwarded.rs"),
        include_str!("values/not_forwarded.stderr"),
    ),
    (
        "values/moves_and_lifetimes.rs",
        include_str!("values/moves_and_lifetimes.rs"),
        include_str!("values/moves_and_lifetimes.stderr"),
    ),
];

/// The lines at which the compiler finds a mistake.
fn lines_with_errors() -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for (name, source, messages) in SOURCES {
        let place = format!("--> {name}:");
        for message in messages.split("\nerror") {
            let (_, at) = message.split_once(&place).expect("each message names a place");
            let (line, _) = at.split_once(':').expect("a line and a column");
            let line: usize = line.parse().expect("a number");
            found.insert(source.lines().nth(line - 1).expect("a line of the file").trim());
        }
    }
    found
}

#[test]
fn each_line_that_is_said_not_to_compile_is_an_error() {
    let lines = TABLE.lines().skip_while(|line| !line.starts_with("| this does not compile |"));
    let codes = lines.skip(2).filter_map(|line| line.split('`').nth(1));
    let said: BTreeSet<String> = codes.map(as_a_line).collect();
    let errors: BTreeSet<String> = lines_with_errors().into_iter().map(as_a_line).collect();
    assert_eq!(said, errors);
}

fn as_a_line(code: &str) -> String {
    code.trim_end_matches(';').into()
}
