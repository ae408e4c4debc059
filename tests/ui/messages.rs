//! What `#[background]` refuses and in which words, a file a rule; and what the compiler says, in
//! our words where it can, of what only it can tell.
//!
//! After a change of a message: `TRYBUILD=overwrite cargo test -p ui`, and read the difference.

#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    // What the attribute refuses by itself.
    cases.compile_fail("refused/*.rs");
    // What the compiler refuses on its behalf.
    cases.compile_fail("types/*.rs");
    // The user's own mistakes: reported once, at the user's line.
    cases.compile_fail("own/*.rs");
    // What a `Lazy` cannot do in the place of its value.
    cases.compile_fail("values/*.rs");
    // What cannot be written in the other tests, in which unsafe code is forbidden; and what has to
    // compile without the features that others ask for.
    cases.pass("pass/*.rs");
}
