//! The guide: pages for users of other libraries, and pages on questions that come up in use.
//!
//! | from | page |
//! |---|---|
//! | PyBackground, the Python module | [`from_pybackground`] |
//! | Python: `concurrent.futures`, joblib, Dask, asyncio | [`from_python`] |
//! | `LazyLock` and `once_cell` | [`from_lazy_lock`] |
//! | threads and channels of `std` | [`from_threads`] |
//! | rayon | [`from_rayon`] |
//! | tokio | [`from_tokio`] |
//!
//! | question | |
//! |---|---|
//! | Which library for which work: this, rayon, tokio, a thread? | [`which_one`] |
//! | May a body block? What are `compute`, `limit` and `max_threads` for? | [`blocking_and_compute`] |
//! | How do I handle results in order, as they end, or only the first? How do calls depend on calls? | [`together`] |
//! | What can hang, and how do I find it? | [`locks`] |
//! | What does this message of the compiler want? | [`compiler_messages`] |
//! | How do I handle errors, timeouts and cancellation? | [`errors`] |
//! | What if a body never ends, or crashes? When is a process worth its cost? | [`processes`] |
//! | How do bodies run on other machines? What if one of them fails? | [`more_than_one_machine`] |
//! | How do async code and background calls work together? | [`async_code`] |
//! | What happens to calls when `main` returns? | [`process_end`] |
//! | How do I test code that makes calls? | [`testing`] |
//! | Which part of my program is slow, and what does it wait for? | [`finding_out_why_it_is_slow`] |
//!
//! The modules are empty. Each of the programs in them is compiled and run by the tests.

/// An empty module whose documentation is a page of the guide.
macro_rules! pages {
    ($($page:ident)+) => {$(
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
