//! The guide: a page for each way to come here, and one for each question that comes up in use.
//!
//! | coming from | |
//! |---|---|
//! | PyBackground, the Python module | [`from_pybackground`] |
//! | threads and channels of `std` | [`from_threads`] |
//! | rayon | [`from_rayon`] |
//! | tokio | [`from_tokio`] |
//!
//! | question | |
//! |---|---|
//! | Which one do I want: this, rayon, tokio, a thread? And when not this? | [`which_one`] |
//! | May a body block? What are `compute`, `limit` and `max_threads` for? | [`blocking_and_compute`] |
//! | How do I take results as they come, or the first, or make calls of calls? | [`together`] |
//! | What can hang, and how do I find it? | [`locks`] |
//! | What do I do about errors, timeouts, and calls that nobody wants any more? | [`errors`] |
//! | What of a body that never ends, or crashes? When is a process worth it? | [`processes`] |
//! | How do async code and background calls go together? What of tokio? | [`async_code`] |
//! | What happens to calls when `main` returns? | [`process_end`] |
//! | How do I test code that makes calls? | [`testing`] |
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
    from_threads
    from_rayon
    from_tokio
    which_one
    blocking_and_compute
    together
    locks
    errors
    processes
    async_code
    process_end
    testing
}
