#![doc = include_str!("guide/links.md")]
#![cfg_attr(feature = "process", doc = include_str!("guide/links_process.md"))]
#![doc = ""]
#![doc = include_str!("../docs/guide/README.md")]

/// An empty module whose documentation is a page of the guide.
///
/// A page ends with the targets of its links for readers on a forge. Of two definitions of a link Markdown takes the
/// first, so the tables before the page give the same links their targets in this documentation.
/// `tools/links.py` keeps both in step.
macro_rules! pages {
    ($($page:ident)+) => {$(
        #[doc = include_str!("guide/links.md")]
        #[cfg_attr(feature = "process", doc = include_str!("guide/links_process.md"))]
        #[cfg_attr(feature = "remote", doc = include_str!("guide/links_remote.md"))]
        #[cfg_attr(feature = "timeline", doc = include_str!("guide/links_timeline.md"))]
        #[doc = ""]
        #[doc = include_str!(concat!("../docs/guide/", stringify!($page), ".md"))]
        pub mod $page {}
    )+};
}

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
