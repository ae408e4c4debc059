//! The trace of a caller, which travels with its calls as W3C writes it: `traceparent`.

use super::settings;

/// Asks the program for the trace of this thread. A text of another form than W3C's is none.
pub(super) fn of_caller() -> Option<String> {
    let parent = settings::trace_parent()?()?;
    is_trace_parent(&parent).then_some(parent)
}

/// Whether a text is a `traceparent`: version, trace, span and flags in hexadecimal digits. It becomes part of a
/// header, so nothing else may.
pub(super) fn is_trace_parent(text: &str) -> bool {
    let is_digit = |sign: u8| matches!(sign, b'0'..=b'9' | b'a'..=b'f');
    let lengths = text.split('-').map(str::len);
    lengths.eq([2, 32, 16, 2]) && text.bytes().all(|sign| sign == b'-' || is_digit(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_w3c_is_a_trace_parent() {
        assert!(is_trace_parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\r\n",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        ] {
            assert!(!is_trace_parent(text), "{text:?}");
        }
    }
}
