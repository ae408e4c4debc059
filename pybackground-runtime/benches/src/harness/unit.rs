//! How a number is written.

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A time in nanoseconds, written as such.
    Nanoseconds,
    /// A time in nanoseconds, written in milliseconds.
    Milliseconds,
    /// Bytes, possibly a mean of many.
    Bytes,
    /// A count.
    Count,
}

impl Unit {
    /// The number with its unit, to three figures or so.
    pub(super) fn show(self, number: f64) -> String {
        match self {
            Self::Nanoseconds => format!("{} ns", self.number(number)),
            Self::Milliseconds => format!("{} ms", self.number(number)),
            Self::Bytes => format!("{} B", self.number(number)),
            Self::Count => self.number(number),
        }
    }

    /// From the least to the most, without the unit.
    pub(super) fn show_range(self, (least, most): (f64, f64)) -> String {
        format!("{} to {}", self.number(least), self.number(most))
    }

    fn number(self, number: f64) -> String {
        match self {
            Self::Nanoseconds | Self::Bytes => rounded(number),
            Self::Milliseconds => rounded(number / 1e6),
            Self::Count => grouped(number),
        }
    }
}

/// A ratio, to three figures or so.
pub(super) fn ratio(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}") } else { rounded(ratio) }
}

fn rounded(number: f64) -> String {
    if number < 10.0 {
        format!("{number:.2}")
    } else if number < 100.0 {
        format!("{number:.1}")
    } else {
        grouped(number)
    }
}

/// Without decimals, with a comma for every thousand.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_keep_decimals_and_large_ones_are_grouped() {
        for (number, expected) in [
            (1.634, "1.63 ns"),
            (39.96, "40.0 ns"),
            (966.2, "966 ns"),
            (21_700.4, "21,700 ns"),
            (1_234_567.0, "1,234,567 ns"),
        ] {
            assert_eq!(Unit::Nanoseconds.show(number), expected);
        }
        assert_eq!(Unit::Milliseconds.show(401e6), "401 ms");
        assert_eq!(Unit::Count.show(10_000.0), "10,000");
        assert_eq!(Unit::Bytes.show(128.0), "128 B");
        assert_eq!(Unit::Milliseconds.show_range((99.5e6, 401e6)), "99.5 to 401");
        assert_eq!(ratio(0.0626), "0.06");
    }
}
