//! A parser of bencode, the format of `.torrent` files, written in an hour.
//!
//! It parses every valid file, and trusts the others, as many parsers do. `demo.rs` has an input for each way to abuse
//! that trust.

/// A value of any kind.
pub(crate) enum Value {
    /// `i42e`
    Integer(i64),
    /// `4:spam`
    Text(Vec<u8>),
    /// `l4:spami42ee`
    List(Vec<Value>),
    /// `d3:cow3:mooe`
    Dictionary(Vec<(Vec<u8>, Value)>),
}

/// Parses the value at the start of `input`.
///
/// # Panics
///
/// If there is none. Other inputs crash it or never end.
pub(crate) fn parse(input: &[u8]) -> Value {
    Parser { input, at: 0 }.value()
}

struct Parser<'i> {
    input: &'i [u8],
    at: usize,
}

impl Parser<'_> {
    fn value(&mut self) -> Value {
        match self.input[self.at] {
            b'i' => {
                self.at += 1;
                Value::Integer(self.number(b'e'))
            }
            b'l' => {
                self.at += 1;
                let mut values = Vec::new();
                while !self.ends() {
                    values.push(self.value());
                }
                Value::List(values)
            }
            b'd' => {
                self.at += 1;
                let mut entries = Vec::new();
                while !self.ends() {
                    entries.push((self.text(), self.value()));
                }
                Value::Dictionary(entries)
            }
            _ => Value::Text(self.text()),
        }
    }

    /// Whether a list ends here. Some programs write blanks between values, against the format.
    fn ends(&mut self) -> bool {
        loop {
            match self.input[self.at] {
                b'e' => break,
                // Meant to skip the blank, but does not advance.
                b' ' => {}
                _ => return false,
            }
        }
        self.at += 1;
        true
    }

    fn text(&mut self) -> Vec<u8> {
        let length = usize::try_from(self.number(b':')).expect("a length is not negative");
        // As long as the input claims.
        let mut text = vec![b'?'; length];
        let end = self.at + length;
        text.copy_from_slice(&self.input[self.at..end]);
        self.at = end;
        text
    }

    fn number(&mut self, end: u8) -> i64 {
        let digits = self.input[self.at..].iter().take_while(|byte| **byte != end).count();
        let text = std::str::from_utf8(&self.input[self.at..self.at + digits]).expect("digits");
        self.at += digits + 1;
        text.parse().expect("a number")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_file_is_parsed() {
        let Value::Dictionary(entries) = parse(b"d3:cow3:moo4:listli-7el1:aeee") else { panic!() };
        assert_eq!(
            entries.iter().map(|(key, _)| key.as_slice()).collect::<Vec<_>>(),
            [&b"cow"[..], b"list"]
        );
        let Value::List(list) = &entries[1].1 else { panic!() };
        assert!(matches!(list[0], Value::Integer(-7)));
    }
}
