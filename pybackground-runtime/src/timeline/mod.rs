//! The recording of the feature `timeline`: from the events of threads to a page, a trace, or a live page.
//!
//! A thread writes its events into a buffer of its own, without a lock. The writer, one thread, empties all
//! buffers ten times a second into a file, or into the memory that the live page is served from. The
//! events themselves come from `events/timeline`.
//!
//! | file | subject |
//! |---|---|
//! | `switch` | the variable, and the function [`timeline`] |
//! | `state` | whether events are recorded now |
//! | `target` | what the variable asks for, as pure data |
//! | `record` | one event, as four words |
//! | `buffer` | the buffers of all threads |
//! | `here` | the buffer of this thread, and the call whose body it runs |
//! | `clock` | the time of an event |
//! | `texts` | the texts of errors, and the names of workers |
//! | `session` | a recording, from its begin to its end |
//! | `writer` | the thread that empties the buffers |
//! | `file` | a file that no other process writes |
//! | `lines`, `trace` | the events as text: for the page, and for Perfetto |
//! | `text` | numbers and quoted texts |
//! | `document` | the page without events |
//! | `live` | serving the page and the events of the running program |
//! | `process_end` | completing the file when the process ends: the unsafe code, but for the clock's |

mod buffer;
pub(crate) mod clock;
mod document;
mod file;
pub(crate) mod here;
mod lines;
mod live;
mod process_end;
pub(crate) mod record;
mod session;
pub(crate) mod state;
mod switch;
mod target;
mod text;
pub(crate) mod texts;
mod trace;
mod writer;

pub(crate) use switch::is_enabled;
#[cfg(not(debug_assertions))]
pub(crate) use switch::may_be_enabled;
pub use switch::{Timeline, timeline};
