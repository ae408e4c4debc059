//! Sockets, process groups and limits of each system, under the same names.
//!
//! | name | used by | what |
//! |---|---|---|
//! | `program`, `launch` | program | starts the program as a child |
//! | `Process` | program | the child and all that it starts: killed, reaped, observed |
//! | `Connection` | program | its end of the connection, which any thread may cut |
//! | `signal` | program | the signal that ended a process |
//! | `starts_secure_programs` | program | whether a child would run with more rights than its starter |
//! | `ChildConnection` | child | the other end |
//! | `Watch` | child | waits until the connection breaks |
//! | `data_in_use`, `limit_memory`, `make_room_for_report` | child | its memory |
//! | `show_name`, `end_group`, `end_process` | child | what it does to itself |
//! | `has_one_thread`, `leads_group`, `parent_lives` | child | what it asks about itself |
//! | `file_id` | both | identifies a file |
//! | `credentials` | both | the effective user and group |

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as this;
#[cfg(windows)]
use windows as this;

#[cfg(unix)]
pub(super) use this::leads_group;
pub(super) use this::{
    ChildConnection, Connection, Process, credentials, data_in_use, end_group, end_process,
    file_id, has_one_thread, launch, limit_memory, make_room_for_report, parent_lives, program,
    show_name, signal, starts_secure_programs,
};
