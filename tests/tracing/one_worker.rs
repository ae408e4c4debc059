//! Where a body ran. One worker makes that certain.

#[path = "../common/mod.rs"]
mod common;
mod recorder;

use common::watchdog;
use pybackground::{Lazy, background, configure};

#[background]
fn outer() -> u32 {
    let own = joined();
    let compute: Vec<Lazy<u32>> = (0..10).map(|n| computes(n)).collect();
    compute.into_iter().map(Lazy::into_inner).sum::<u32>() + Lazy::into_inner(own)
}

#[background]
fn joined() -> u32 {
    100
}

#[background(compute)]
fn computes(n: u32) -> u32 {
    assert!(n != 1_000);
    n
}

#[test]
fn span_records_whether_the_body_ran_on_a_thread_in_place_or_inline() {
    let _watchdog = watchdog();
    recorder::install();
    configure().workers(1).install().unwrap();
    assert_eq!(outer(), 145);
    let (outer, joined) = (recorder::call("::outer"), recorder::call("::joined"));
    assert_eq!(outer.fields.get("ran"), Some("on a thread"));
    assert_eq!(joined.fields.get("ran"), Some("in place"));
    assert_eq!(joined.entered[0].0, outer.entered[0].0);
    let computes = recorder::calls("::computes");
    assert_eq!(computes.len(), 10);
    let inline = computes.iter().filter(|span| span.fields.get("ran") == Some("inline"));
    assert!(inline.clone().count() > 0, "{computes:#?}");
    for span in computes {
        assert!(span.closed && span.parent.unwrap().ends_with("::outer"));
        assert_eq!(span.fields.get("outcome"), Some("ok"));
        assert!(span.fields.get("location").unwrap().starts_with(file!()));
    }
}
