//! Valid and hostile inputs.

/// Returns the name and the content of each input.
pub(crate) fn inputs() -> Vec<(String, Vec<u8>)> {
    let named = |name: &str, input: &[u8]| (name.to_owned(), input.to_vec());
    vec![
        named(
            "a torrent",
            b"d8:announce18:http://tracker.org4:infod6:lengthi170917888e4:name10:debian.isoee",
        ),
        named("a long list", &list_of(100_000)),
        named("cut off", b"d4:infod6:lengthi17091"),
        named("a negative length", b"l-3:abce"),
        named("blanks", b"li1e i2e i3ee"),
        named("a length of 1 TB", b"1000000000000:and then nothing"),
        named("nested a lot", &vec![b'l'; 1 << 20]),
        named(
            "another torrent",
            b"d8:announce18:http://tracker.org4:infod4:name5:a.iso5:filesl1:a1:beee",
        ),
    ]
}

fn list_of(values: usize) -> Vec<u8> {
    let values: Vec<String> = (0..values).map(|value| format!("i{value}e")).collect();
    format!("l{}e", values.concat()).into_bytes()
}
