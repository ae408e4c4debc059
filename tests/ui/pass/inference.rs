//! A crate that uses this one, however indirectly, compiles as it did before: no `impl` here is in the
//! way of the compiler when it infers a type from what the standard library has.
//!
//! Among these tests because here it is compiled alone: what other tests depend on, tokio for instance,
//! has crates with it that are in the way.
#![expect(clippy::float_cmp, reason = "the same number")]
#![expect(clippy::op_ref, reason = "a reference is what is inferred here")]

// Without a use of it the `impl`s would not be there.
use pybackground as _;

fn what_a_number_is_compared_with_is_a_number() {
    let (byte, number, float) = (3_u8, 3_u16, 0.5_f64);
    assert!(number == byte.into());
    assert!(number >= byte.into());
    assert!(3 == "3".parse().unwrap());
    assert!(byte == number.try_into().unwrap());
    assert!(float == 0.5_f32.into() && float <= 0.5_f32.into());
    assert!(number != Default::default());
    assert!(number == [1, 2].iter().sum() && number > [1, 2].iter().product());
    assert!('a' == b'a'.into() && 'a' < b'b'.into());
    assert!((1 < 2) == "true".parse().unwrap());
    assert_eq!(number, byte.into());
}

fn what_is_inside_of_a_collection_is_inferred() {
    let (byte, numbers) = (3_u8, vec![3_u16]);
    assert!(numbers == [byte.into()]);
    assert!(numbers == vec![byte.into()]);
    assert!(numbers.iter().copied().eq([byte].map(Into::into)));
    assert!(numbers.iter().copied().le([byte].map(Into::into)));
    assert!((0_u16..4).contains(&byte.into()));
    assert_eq!(numbers[0].partial_cmp(&byte.into()), Some(std::cmp::Ordering::Equal));
}

fn what_a_string_is_ordered_by_is_a_string() {
    let (owned, literal) = (String::from("b"), "b");
    assert!(owned >= "a".into());
    assert!(owned >= ['a'].iter().collect());
    assert!(literal > Default::default());
    assert!(literal >= owned.as_ref());
}

fn a_reference_is_added_as_one() {
    let (byte, mut number) = (3_u8, 3_u16);
    number += &byte.into();
    assert_eq!(number, 6);
    assert_eq!((number + &byte.into(), &number * &byte.into()), (9, 18));
    assert_eq!(&number - &byte.into(), 3);
    assert_eq!([1_u64, 2].iter().fold(0, |sum, number| 2 * sum + number), 4);
    assert_eq!([1_u64, 2].iter().map(|number| 2 * number).sum::<u64>(), 6);
}

fn what_is_summed_is_inferred_from_the_sum() {
    let numbers: Vec<_> = "1,2".split(',').map(|text| text.parse().unwrap()).collect();
    let (sum, product): (u64, u64) = (numbers.iter().sum(), numbers.iter().product());
    assert_eq!((sum, product), (3, 2));
}

fn what_is_collected_is_inferred_from_the_collection() {
    let mut names: Vec<String> = ["a"].into_iter().map(Into::into).collect();
    names.extend(["b"].map(Into::into));
    assert_eq!(names.concat(), "ab");
}

fn a_slice_is_compared_with_elements_of_its_own() {
    let (byte, numbers) = (3_u8, [3_u16]);
    let slice: &[u16] = &numbers;
    assert!(numbers == [byte.into()] && slice == [byte.into()] && slice == &[byte.into()]);
    assert!(*slice == [byte.into()] && slice == vec![byte.into()]);
}

fn an_index_is_inferred_from_what_is_indexed() {
    let (numbers, mut at) = (vec![3_u16], 0);
    assert_eq!(numbers[at] + numbers["0".parse::<usize>().unwrap()], 6);
    at += 1;
    assert_eq!(numbers.get(at), None);
}

fn main() {
    what_a_number_is_compared_with_is_a_number();
    what_is_inside_of_a_collection_is_inferred();
    what_a_string_is_ordered_by_is_a_string();
    a_reference_is_added_as_one();
    what_is_summed_is_inferred_from_the_sum();
    what_is_collected_is_inferred_from_the_collection();
    a_slice_is_compared_with_elements_of_its_own();
    an_index_is_inferred_from_what_is_indexed();
}
