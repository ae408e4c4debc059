//! Sockets, process groups and limits of each system, under the same names.
//!
//! | name | on whose side | what |
//! |---|---|---|
//! | `launch` | parent | starts the program as a child |
//! | `Process` | parent | the child and all that it starts: killed, reaped, looked at |
//! | `Wire` | parent | the connection, which anybody may cut |
//! | `Link` | child | the other end of it |
//! | `data_in_use` | child | what a limit of memory counts |
//! | `Watch` | child | learns of the parent's end |
//! | `show_name`, `limit_memory`, `make_room_for_report`, `end_group`, `end_process` | child | what it does to itself |
//! | `identity` | both | what tells a file from others |
//! | `rights` | both | in whose name the process does what it does |
//! | `has_one_thread` | child | whether it may change its environment |
//! | `has_rights_of_another` | both | whether whoever starts the program must not make a child of it |

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::Wire;
#[cfg(unix)]
pub(super) use unix::{
    Identity, Link, Process, Rights, data_in_use, end_group, end_process, has_one_thread,
    has_rights_of_another, identity, launch, limit_memory, make_room_for_report, rights, show_name,
    signal,
};
#[cfg(windows)]
pub(crate) use windows::Wire;
#[cfg(windows)]
pub(super) use windows::{
    Identity, Link, Process, Rights, data_in_use, end_group, end_process, has_one_thread,
    has_rights_of_another, identity, launch, limit_memory, make_room_for_report, rights, show_name,
    signal,
};
