//! Results that are nested more deeply than the stack of the program can take.

mod common;

use common::watchdog;
use pybackground::{Lazy, background};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    Leaf,
    Node(Box<Tree>),
    Nodes(Vec<Tree>),
}

#[background(process)]
fn tree(levels: usize) -> Tree {
    (0..levels).fold(Tree::Leaf, |tree, _| Tree::Node(Box::new(tree)))
}

#[background(process)]
fn nodes(levels: usize) -> Tree {
    (0..levels).fold(Tree::Leaf, |tree, _| Tree::Nodes(vec![tree]))
}

#[background(process)]
fn options(levels: usize) -> Vec<Option<usize>> {
    (0..levels).map(Some).collect()
}

/// Twice what a thread of the program can deserialize, and less than what a child can build.
const DEEP: usize = 8_000;

#[test]
fn result_that_is_nested_too_deeply_is_an_error() {
    let _watchdog = watchdog();
    for make in [tree, nodes] {
        let error = Lazy::join(make(DEEP)).unwrap_err();
        assert!(error.is_codec_failure() && !error.is_crash(), "{error}");
        assert!(error.to_string().contains("is nested so deeply that"), "{error}");
        assert!(matches!(Lazy::into_inner(make(100)), Tree::Node(_) | Tree::Nodes(_)));
    }
}

#[background(process)]
fn table() -> Box<[[[u64; 32]; 32]; 32]> {
    Box::new([[[7; 32]; 32]; 32])
}

/// With optimisations the stack is large enough.
#[test]
fn array_that_exceeds_the_stack_is_reported_as_that() {
    let _watchdog = watchdog();
    match Lazy::join(table()) {
        Ok(table) => assert!(table.as_flattened().as_flattened().iter().all(|n| *n == 7)),
        Err(error) => {
            assert!(error.is_codec_failure(), "{error}");
            assert!(
                error.to_string().contains("it is so large, as an array in place, or"),
                "{error}"
            );
            assert!(error.to_string().contains("return a `Vec` or something flatter"), "{error}");
        }
    }
}

#[test]
fn result_that_its_child_cannot_serialize_is_a_crash() {
    let _watchdog = watchdog();
    assert!(Lazy::join(tree(1 << 22)).unwrap_err().is_crash());
    assert_eq!(tree(1), Tree::Node(Box::new(Tree::Leaf)));
}

#[test]
fn long_result_is_not_deep() {
    let _watchdog = watchdog();
    assert_eq!(Lazy::into_inner(options(1 << 18)).len(), 1 << 18);
}
