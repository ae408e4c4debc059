//! What a thread is blocked in, as Linux knows it from outside.
//!
//! `/proc/self/task/TID/syscall` has the number of the system call that a thread is in, and its arguments.
//! Elsewhere, and on processors whose numbers are not known here, nothing is found. A lock, a channel
//! and a condition variable all wait for a futex, and look alike.

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;

/// What a thread is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    Nothing,
    Futex {
        address: u64,
        has_timeout: bool,
        /// Whether only threads of this process can end the wait, as far as the system tells.
        is_private: bool,
    },
    File {
        verb: &'static str,
        descriptor: u64,
    },
    Poll,
    Sleep,
    ChildProcess,
    Other {
        number: u64,
    },
}

/// The flag of a futex that other processes do not share.
const FUTEX_PRIVATE: u64 = 128;

/// The system calls of one architecture.
struct Numbers {
    futex: u64,
    sleep: &'static [u64],
    child: &'static [u64],
    poll: &'static [u64],
    /// Calls whose first argument is a descriptor.
    file: &'static [(u64, &'static str)],
}

const X86_64: Numbers = Numbers {
    futex: 202,
    sleep: &[35, 230],
    child: &[61, 247],
    poll: &[7, 23, 232, 270, 271, 281, 441],
    file: &[
        (0, "reads from"),
        (1, "writes to"),
        (17, "reads from"),
        (18, "writes to"),
        (19, "reads from"),
        (20, "writes to"),
        (42, "connects"),
        (43, "accepts from"),
        (44, "sends to"),
        (45, "receives from"),
        (46, "sends to"),
        (47, "receives from"),
        (73, "locks"),
        (74, "syncs"),
        (288, "accepts from"),
    ],
};

const AARCH64: Numbers = Numbers {
    futex: 98,
    sleep: &[101, 115],
    child: &[95, 260],
    poll: &[22, 72, 73, 441],
    file: &[
        (32, "locks"),
        (63, "reads from"),
        (64, "writes to"),
        (65, "reads from"),
        (66, "writes to"),
        (67, "reads from"),
        (68, "writes to"),
        (82, "syncs"),
        (202, "accepts from"),
        (203, "connects"),
        (206, "sends to"),
        (207, "receives from"),
        (211, "sends to"),
        (212, "receives from"),
        (242, "accepts from"),
    ],
};

impl Numbers {
    fn of(architecture: &str) -> Option<&'static Self> {
        match architecture {
            "x86_64" => Some(&X86_64),
            "aarch64" => Some(&AARCH64),
            _ => None,
        }
    }
}

impl Activity {
    /// Reads a line of `/proc/self/task/TID/syscall`.
    fn parse(line: &str, numbers: &Numbers) -> Option<Self> {
        let mut words = line.split_whitespace();
        // A thread that is ready to run, or blocked outside of a system call.
        let Ok(number) = words.next()?.parse::<u64>() else { return Some(Self::Nothing) };
        let arguments: Vec<u64> = words
            .map_while(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok())
            .collect();
        let argument = |at: usize| arguments.get(at).copied();
        let file = numbers.file.iter().find(|(known, _)| *known == number);
        Some(if number == numbers.futex {
            Self::Futex {
                address: argument(0)?,
                has_timeout: argument(3)? != 0,
                is_private: argument(1)? & FUTEX_PRIVATE != 0,
            }
        } else if let Some((_, verb)) = file {
            Self::File { verb, descriptor: argument(0)? }
        } else if numbers.poll.contains(&number) {
            Self::Poll
        } else if numbers.sleep.contains(&number) {
            Self::Sleep
        } else if numbers.child.contains(&number) {
            Self::ChildProcess
        } else {
            Self::Other { number }
        })
    }

    /// Whether the thread writes to a file or a socket.
    pub(crate) fn is_write(&self) -> bool {
        matches!(self, Self::File { verb: "writes to" | "sends to", .. })
    }

    /// Whether this has no time limit.
    pub(crate) fn is_endless_futex(&self) -> bool {
        matches!(self, Self::Futex { has_timeout: false, .. })
    }

    /// Whether only another thread of this process can end this.
    pub(crate) fn is_left_to_this_process(&self) -> bool {
        matches!(self, Self::Futex { has_timeout: false, is_private: true, .. })
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("computes"),
            Self::Futex { address, has_timeout, .. } => {
                let until = if *has_timeout { ", for a limited time" } else { "" };
                write!(f, "blocked in a lock, channel or condition variable at {address:#x}{until}")
            }
            Self::File { verb, descriptor } => match name_of(*descriptor) {
                Some(name) => write!(f, "blocked: {verb} {name}"),
                None => write!(f, "blocked: {verb} descriptor {descriptor}"),
            },
            Self::Poll => f.write_str("blocked: polls files or sockets"),
            Self::Sleep => f.write_str("sleeps"),
            Self::ChildProcess => f.write_str("blocked: waits for a child process"),
            Self::Other { number } => write!(f, "blocked in system call {number}"),
        }
    }
}

/// The path of a file, or the peer of a socket.
fn name_of(descriptor: u64) -> Option<String> {
    let link = fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
    let link = link.to_str()?;
    let Some(inode) = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')) else {
        return Some(format!("`{link}`"));
    };
    let peer = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].into_iter().find_map(|table| {
        let table = fs::read_to_string(table).ok()?;
        table.lines().find_map(|line| peer(line, inode))
    });
    Some(peer.map_or_else(|| "a socket".to_owned(), |peer| format!("the socket to {peer}")))
}

/// The peer in a line of `/proc/net/tcp`, if the line is that of the socket.
fn peer(line: &str, inode: &str) -> Option<SocketAddr> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if *words.get(9)? != inode {
        return None;
    }
    let (address, port) = words.get(2)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // Each word of the address is printed as the processor reads it.
    let mut bytes = Vec::new();
    for at in (0..address.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    let address = match bytes.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        _ => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
    };
    Some(SocketAddr::new(address, port))
}

/// A look at a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observation {
    pub(crate) blocked_in: Activity,
    /// How often the thread has blocked so far: as long as this stays, it is in the same system call.
    switches: u64,
}

/// Whether the system tells what a thread is blocked in.
pub(crate) fn is_known() -> bool {
    Numbers::of(std::env::consts::ARCH).is_some()
        && OsThread::current().is_some_and(|thread| thread.observe().is_some())
}

/// A thread of the process, by the system's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OsThread(u32);

impl OsThread {
    /// The threads of the process.
    pub(crate) fn all() -> Vec<Self> {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        tasks.filter_map(|task| task.file_name().to_str()?.parse().ok().map(Self)).collect()
    }

    /// The threads of the process, if none of them is missing.
    pub(crate) fn each() -> Option<Vec<Self>> {
        let number = |task: fs::DirEntry| task.file_name().to_str()?.parse().ok().map(Self);
        fs::read_dir("/proc/self/task").ok()?.map(|task| number(task.ok()?)).collect()
    }

    /// The calling thread.
    pub(crate) fn current() -> Option<Self> {
        let link = fs::read_link("/proc/thread-self").ok()?;
        link.file_name()?.to_str()?.parse().ok().map(Self)
    }

    /// Looks at the thread; `None` if it has ended, or the system does not tell.
    pub(crate) fn observe(self) -> Option<Observation> {
        let numbers = Numbers::of(std::env::consts::ARCH)?;
        let switches = switches(&self.read("status")?)?;
        // Last, so that the number belongs to this call.
        let blocked_in = Activity::parse(&self.read("syscall")?, numbers)?;
        Some(Observation { blocked_in, switches })
    }

    /// Whether the thread waits for a futex without a time limit.
    pub(crate) fn is_stuck(self) -> bool {
        self.observe().is_some_and(|seen| seen.blocked_in.is_endless_futex())
    }

    /// The name that the system knows the thread by.
    fn name(self) -> Option<String> {
        if self.0 == std::process::id() {
            return Some("main".to_owned());
        }
        Some(self.read("comm")?.trim_end_matches('\n').to_owned())
    }

    /// Reads a file of `/proc/self/task/TID`.
    pub(crate) fn read(self, file: &str) -> Option<String> {
        fs::read_to_string(format!("/proc/self/task/{}/{file}", self.0)).ok()
    }
}

/// The threads of the process, each with its name.
pub(crate) struct Threads(Vec<(String, OsThread)>);

impl Threads {
    pub(crate) fn read() -> Self {
        let named = |thread: OsThread| Some((thread.name()?, thread));
        Self(OsThread::all().into_iter().filter_map(named).collect())
    }

    /// Returns the thread of that name. A thread without a name of its own has the name of the thread that started it. So
    /// several threads may share a name; the stack pointer of the right one lies in `stack`.
    pub(crate) fn named(&self, name: &str, stack: &Range<usize>) -> Option<OsThread> {
        let name = shortened(name);
        let of_that_name = || self.0.iter().filter(|(known, _)| known == name).map(|(_, own)| *own);
        let has_stack = |thread: &OsThread| {
            let line = thread.read("syscall");
            line.and_then(|line| stack_pointer(&line)).is_some_and(|at| stack.contains(&at))
        };
        match of_that_name().nth(1) {
            None => of_that_name().next(),
            Some(_) => of_that_name().find(has_stack),
        }
    }
}

/// As much of a thread's name as the system keeps.
fn shortened(name: &str) -> &str {
    const KEPT: usize = 15;
    name.get(..KEPT).unwrap_or(name)
}

/// The stack pointer in a line of `/proc/self/task/TID/syscall`, if the thread is blocked.
fn stack_pointer(line: &str) -> Option<usize> {
    let pointer = line.split_whitespace().rev().nth(1)?;
    usize::from_str_radix(pointer.strip_prefix("0x")?, 16).ok()
}

/// How often a thread has blocked, from `/proc/self/task/TID/status`.
fn switches(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str, architecture: &str) -> String {
        Activity::parse(line, Numbers::of(architecture).unwrap()).unwrap().to_string()
    }

    #[test]
    fn futex_names_its_address_and_whether_time_ends_it() {
        let endless = "202 0x7f0e40000c90 0x189 0x0 0x0 0x0 0xffffffff 0x7ffe0 0x7f0e4\n";
        let text = "blocked in a lock, channel or condition variable at 0x7f0e40000c90";
        assert_eq!(parse(endless, "x86_64"), text);
        assert_eq!(parse(&endless.replacen("202", "98", 1), "aarch64"), text);
        let timed = "202 0x7f0e40000c90 0x189 0x0 0x7ffe1000 0x0 0xffffffff 0x7ffe0 0x7f0e4\n";
        assert!(parse(timed, "x86_64").ends_with(", for a limited time"));
        let shared = Activity::parse(&endless.replace("0x189", "0x109"), &X86_64).unwrap();
        assert!(shared.is_endless_futex() && !shared.is_left_to_this_process());
        let endless = Activity::parse(endless, &X86_64).unwrap();
        let timed = Activity::parse(timed, &X86_64).unwrap();
        assert!(endless.is_endless_futex() && !timed.is_endless_futex());
        assert!(endless.is_left_to_this_process() && !timed.is_left_to_this_process());
    }

    #[test]
    fn thread_outside_of_a_system_call_computes() {
        assert_eq!(parse("running\n", "x86_64"), "computes");
        assert_eq!(parse("-1 0x7ffe8 0x7f0e4\n", "aarch64"), "computes");
    }

    #[test]
    fn sleeps_polls_and_children_are_told_apart() {
        for (number, text) in [
            (230, "sleeps"),
            (7, "blocked: polls files or sockets"),
            (61, "blocked: waits for a child process"),
            (999, "blocked in system call 999"),
            (0, "blocked: reads from descriptor 4000000"),
        ] {
            let line = format!("{number} 0x3d0900 0x1 0x2 0x0 0x0 0x0 0x7ffe8 0x7f0e4");
            assert_eq!(parse(&line, "x86_64"), text);
        }
    }

    #[test]
    fn peer_of_a_socket_is_found_by_its_inode() {
        let line = "   1: 0100007F:A3B2 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  \
                    1000        0 34567 1 0000000000000000 20 4 30 10 -1";
        if cfg!(target_endian = "little") {
            assert_eq!(peer(line, "34567").unwrap().to_string(), "127.0.0.1:8080");
        }
        assert_eq!(peer(line, "34568"), None);
        assert_eq!(peer("  sl  local_address rem_address", "34567"), None);
    }

    #[test]
    fn switches_are_those_of_the_threads_own_will() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t21\nnonvoluntary_ctxt_switches:\t4\n";
        assert_eq!(switches(status), Some(21));
    }

    #[test]
    fn stack_pointer_comes_before_the_last() {
        assert_eq!(
            stack_pointer("202 0x7f 0x189 0x0 0x0 0x0 0xff 0x7ffe0 0x7f0e4\n"),
            Some(0x7_ffe0)
        );
        assert_eq!(stack_pointer("-1 0x7ffe8 0x7f0e4\n"), Some(0x7_ffe8));
        assert_eq!(stack_pointer("running\n"), None);
    }

    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    #[cfg_attr(miri, ignore = "Miri has no /proc")]
    #[test]
    fn threads_of_one_name_are_told_apart_by_their_stacks() {
        use std::sync::mpsc::channel;

        const STACK: usize = 256 * 1024;
        let ((tell, told), (end, ends)) = (channel(), channel::<()>());
        let run = move || {
            // It gets the name of this thread.
            let inner = std::thread::spawn(move || ends.recv());
            let base = std::ptr::from_ref(&inner).addr();
            tell.send((OsThread::current().unwrap(), base)).unwrap();
            let _ended = inner.join().unwrap();
        };
        let builder = std::thread::Builder::new().name("twice".to_owned());
        let thread = builder.stack_size(STACK).spawn(run).unwrap();
        let (own, base) = told.recv().unwrap();
        while !own.is_stuck() {
            std::thread::yield_now();
        }
        let threads = Threads::read();
        assert_eq!(threads.named("twice", &(base - STACK..base)), Some(own));
        assert_eq!(threads.named("twice", &(0..0)), None);
        drop(end);
        thread.join().unwrap();
    }

    #[test]
    fn names_are_as_short_as_the_system_keeps_them() {
        assert_eq!(shortened("background-12"), "background-12");
        assert_eq!(shortened("background-scope-1"), "background-scop");
    }
}
