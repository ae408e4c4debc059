//! The programs in the pages of the guide are compiled and run as examples of this package, which has
//! the crates that the pages compare with. They compile without a warning, as a reader pastes them.
#![doc(test(attr(deny(warnings))))]

/// A page of the guide.
#[cfg(doctest)]
macro_rules! pages {
    ($($page:ident)+) => {$(
        #[doc = include_str!(concat!("../../docs/guide/", stringify!($page), ".md"))]
        mod $page {}
    )+};
}

#[cfg(doctest)]
pages! {
    from_pybackground
    from_python
    from_lazy_lock
    from_threads
    from_rayon
    from_tokio
    which_one
    blocking_and_compute
    together
    compiler_messages
    locks
    errors
    processes
    more_than_one_machine
    async_code
    process_end
    testing
    finding_out_why_it_is_slow
}
