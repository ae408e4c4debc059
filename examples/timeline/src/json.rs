//! As much JSON as is written here.

use std::fmt::Write;

/// A text in quotes. `<` is written as a number: what is in a page may not end its script.
pub(crate) fn text(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '<' | '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Nanoseconds as a number of microseconds.
pub(crate) fn micros(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1000, nanos % 1000)
}

/// A number, or nothing.
pub(crate) fn place(place: Option<usize>) -> String {
    place.map_or("null".to_owned(), |place| place.to_string())
}

/// A list of what is JSON already.
pub(crate) fn list(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    format!("[{}]", parts.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_as_it_was_and_ends_no_script() {
        let nasty = "quote \" back \\ line \n end </script> \u{1} \u{2028} ü";
        let quoted = text(nasty);
        assert!(!quoted.contains('<'));
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), nasty);
    }
}
