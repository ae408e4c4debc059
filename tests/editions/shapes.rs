//! The shapes that an edition could have a say in: `async`, paths, captures of closures and opaque
//! types, temporaries of last expressions, arguments in format strings.

use std::sync::Mutex;

use pybackground::{Lazy, background};

#[background]
fn free(text: &str, (a, _): (u8, u8), mut list: Vec<u8>) -> usize {
    list.push(a);
    text.len() + list.len()
}

#[background(timeout = 60.0)]
async fn asynchronous(text: &str) -> Result<u8, std::num::ParseIntError> {
    let number = std::future::ready(text).await.parse()?;
    Ok(number)
}

#[background]
fn opaque(numbers: &[u8]) -> impl Iterator<Item = u8> {
    Vec::from(numbers).into_iter()
}

// Up to edition 2021 the guard, a temporary of the last expression, outlives what the body declares:
// so it may borrow from the arguments but not from a variable of the body.
#[background]
fn temporary_in_the_tail(text: Mutex<String>, lent: &Vec<u8>) -> usize {
    text.lock().unwrap().len() + lent.iter().as_slice().len()
}

#[derive(Clone, Debug)]
struct Type {
    text: String,
    number: u8,
}

trait Trait {
    #[background]
    fn method(&self, more: u8) -> String;
}

impl Trait for Type {
    #[background]
    fn method(&self, more: u8) -> String {
        let sum = || self.number + more;
        format!("{} {self:?} {}", sum(), self.text)
    }
}

#[test]
fn all_shapes_work() {
    assert_eq!(free("ab", (1, 2), vec![]), 3);
    assert_eq!(*asynchronous("7"), Ok(7));
    let numbers = {
        let local = [1, 2];
        opaque(&local)
    };
    assert_eq!(Lazy::into_inner(numbers).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(temporary_in_the_tail(Mutex::new("ab".into()), &vec![1]), 3);
    let object: Box<dyn Trait> = Box::new(Type { text: "t".into(), number: 1 });
    assert_eq!(*object.method(2), "3 Type { text: \"t\", number: 1 } t");
}
