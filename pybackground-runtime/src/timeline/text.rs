//! Numbers and quoted texts.

/// Appends a number.
#[inline]
pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    match u8::try_from(number) {
        Ok(digit @ 0..10) => out.push(b'0' + digit),
        _ => long_number(out, number),
    }
}

fn long_number(out: &mut Vec<u8>, number: u64) {
    const BASE: u64 = 10_000;

    if number < BASE {
        let digits = four_digits(number);
        // A copy of four bytes is one instruction, and one of unknown length is a call.
        let zeros = digits.trailing_zeros() / u8::BITS;
        out.extend_from_slice(&((digits + ZEROS) >> (zeros * u8::BITS)).to_le_bytes());
        out.truncate(out.len() - zeros as usize);
    } else {
        self::number(out, number / BASE);
        out.extend_from_slice(&(four_digits(number % BASE) + ZEROS).to_le_bytes());
    }
}

/// Four digits `0`, as a number.
const ZEROS: u32 = u32::from_le_bytes(*b"0000");

/// Returns the four digits of a number, the first in the lowest byte.
#[inline]
fn four_digits(number: u64) -> u32 {
    let number = u32::try_from(number).expect("a number of four digits");
    let (high, low) = (number / 100, number % 100);
    let place = |digit: u32, place: u32| digit << (place * u8::BITS);
    place(high / 10, 0) | place(high % 10, 1) | place(low / 10, 2) | place(low % 10, 3)
}

/// Appends nanoseconds as a number of microseconds.
pub(super) fn micros(out: &mut Vec<u8>, nanos: u64) {
    number(out, nanos / 1000);
    let digits = (four_digits(nanos % 1000) + ZEROS).to_le_bytes();
    out.extend_from_slice(&[b'.', digits[1], digits[2], digits[3]]);
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
        let tens = (0..20).map(|power| 10_u64.pow(power));
        let numbers = tens.flat_map(|ten| [ten - 1, ten, ten + 1, 3 * (ten / 10)]);
        for n in numbers.chain([1_234_567_890, u64::MAX]) {
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
