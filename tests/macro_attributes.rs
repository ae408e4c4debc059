//! `#[background]` among other attributes, and inner ones.

#![deny(warnings)]

use pybackground::{Lazy, background};

/// Documented above.
#[background]
/// Documented below.
#[inline]
#[cold]
#[must_use]
#[doc(alias = "other")]
fn decorated(number: u8) -> u8 {
    number
}

#[must_use = "because"]
#[background]
fn must_use_with_a_reason() -> u8 {
    1
}

#[track_caller]
#[background]
fn tracked_already() -> u8 {
    1
}

#[cfg_attr(test, track_caller)]
#[background]
fn tracked_conditionally() -> u8 {
    1
}

#[background]
#[cfg(any())]
fn configured_away(does_not_exist: Nothing) -> Nothing {}

#[background]
#[cfg(not(any()))]
fn configured_away() -> u8 {
    1
}

#[cfg_attr(all(), background(name = "conditional"))]
fn conditional_attribute() -> u8 {
    1
}

#[cfg_attr(any(), background)]
fn no_attribute() -> u8 {
    1
}

#[background]
#[deprecated(note = "for the test")]
fn deprecated() -> u8 {
    1
}

#[background]
#[expect(unused_variables, reason = "to see whether the lint reaches through")]
fn expected(number: u8) -> u8 {
    1
}

#[background]
#[allow(non_snake_case, unused_mut)]
fn allowedLints(mut Number: u8) -> u8 {
    Number
}

#[background]
fn inner_attributes(number: u8) -> u8 {
    #![allow(unused_variables)]
    //! Documented inside.
    let unused = number;
    1
}

struct Type;

impl Type {
    #[background]
    fn method(self) -> u8 {
        #![expect(unused_variables)]
        let unused = self;
        1
    }
}

#[test]
fn other_attributes_keep_their_meaning() {
    assert_eq!(decorated(1), 1);
    assert_eq!(must_use_with_a_reason(), 1);
    assert_eq!(configured_away(), 1);
    assert_eq!(Lazy::function(&conditional_attribute()), Some("conditional"));
    let _: u8 = no_attribute();
    #[expect(deprecated)]
    let call = deprecated();
    assert_eq!(call, 1);
    assert_eq!(expected(1), 1);
    assert_eq!(allowedLints(1), 1);
    assert_eq!(inner_attributes(1), 1);
    assert_eq!(Type.method(), 1);
}

trait Tracked {
    #[background]
    fn run(&self) -> u8;
}

impl Tracked for () {
    #[background]
    fn run(&self) -> u8 {
        1
    }
}

#[test]
fn call_names_the_line_of_the_caller() {
    let line = |call: &Lazy<u8>| Lazy::called_at(call).map(|site| (site.file(), site.line()));
    let here = |line| Some((file!(), line));
    assert_eq!(line(&decorated(1)), here(line!()));
    assert_eq!(line(&tracked_already()), here(line!()));
    assert_eq!(line(&tracked_conditionally()), here(line!()));
    assert_eq!(line(&().run()), here(line!()));
    let object: &dyn Tracked = &();
    assert_eq!(line(&object.run()), here(line!()));
}
