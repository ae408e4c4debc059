//! How a file's name is printed.

use std::borrow::Cow;
use std::path::Path;

/// The path as it is, or quoted and escaped if it is not plain text.
///
/// A name may hold anything: bytes that are no UTF-8, a line feed that would look like a second
/// file, a sequence that commands the terminal. Quoted, each stays one line and can be told apart.
pub(crate) fn shown(path: &Path) -> Cow<'_, str> {
    match path.to_str() {
        Some(text) if !text.starts_with('"') && !text.contains(char::is_control) => text.into(),
        _ => quoted(path).into(),
    }
}

#[expect(
    clippy::unnecessary_debug_formatting,
    reason = "`Debug` is what escapes, where `display` would leave out what it cannot show"
)]
fn quoted(path: &Path) -> String {
    format!("{path:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        for name in ["a/b c.txt", "größe", "it's", "a\"b"] {
            assert_eq!(shown(Path::new(name)), name);
        }
    }

    #[test]
    fn what_would_mislead_is_quoted() {
        assert_eq!(shown(Path::new("a\nb")), r#""a\nb""#);
        assert_eq!(shown(Path::new("\u{1b}[2J")), r#""\u{1b}[2J""#);
        assert_eq!(shown(Path::new("\"a\"")), r#""\"a\"""#);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let name = OsStr::from_bytes(b"caf\xe9");
        assert_eq!(shown(Path::new(name)), r#""caf\xE9""#);
    }
}
