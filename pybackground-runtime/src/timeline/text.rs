//! Numbers and quoted texts.

/// Appends a number.
pub(super) fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends nanoseconds as a number of microseconds.
pub(super) fn micros(out: &mut Vec<u8>, nanos: u64) {
    number(out, nanos / 1000);
    let digit = |unit| b'0' + u8::try_from(nanos / unit % 10).expect("a digit");
    out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
}

/// Appends a text in quotes, as JSON. `<` becomes a number, so that a text in a page cannot end its script.
pub(super) fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
            '\n' => out.extend_from_slice(b"\\n"),
            '<' | '\0'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_decimal() {
        for n in [0, 7, 10, 1_234_567_890, u64::MAX] {
            assert_eq!(written(|out| number(out, n)), n.to_string());
        }
        for (nanos, text) in [(0, "0.000"), (1_002, "1.002"), (12_345_678, "12345.678")] {
            assert_eq!(written(|out| micros(out, nanos)), text);
        }
    }

    #[test]
    fn quoted_text_ends_neither_itself_nor_a_script() {
        let text = written(|out| quoted(out, "a \"b\" \\ \n </script> \u{1} \u{2028} ü"));
        assert_eq!(text, r#""a \"b\" \\ \n \u003c/script> \u0001 \u2028 ü""#);
    }
}
