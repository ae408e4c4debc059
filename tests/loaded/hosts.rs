//! A library in a program that is not linked with it. The program cannot be started again to serve calls; the call
//! fails with an error that says so.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How long children may take to start, in milliseconds. Most tests wait for this long.
const PATIENCE: &str = "700";

/// How long programs may take, on the busiest machine.
const LONGEST: Duration = Duration::from_secs(120);

fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let name = format!("{}loaded{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    here.with_file_name(name)
}

/// Returns what the program and its children print, when the last of them has ended.
#[track_caller]
fn said(host: &mut Command) -> String {
    let host = host.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let host = host.process_group(0).spawn().unwrap();
    let (pid, (done, is_done)) = (host.id(), channel::<()>());
    let watchdog = std::thread::spawn(move || {
        if is_done.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
            // Its children end with the program.
            Command::new("sh").args(["-c", &format!("kill -s KILL -- -{pid}")]).status().unwrap();
        }
    });
    let output = host.wait_with_output().unwrap();
    drop(done);
    watchdog.join().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn loading_host(patience: &str) -> Command {
    let mut host = Command::new(env!("CARGO_BIN_EXE_loading-host"));
    host.arg(library()).arg(patience);
    host
}

#[track_caller]
fn is_refused(said: &str, why: &str) {
    assert!(said.contains("::double` (called at ") && said.contains(why), "{said}");
    assert!(said.contains("linked with this library, not one that loads it"), "{said}");
    assert!(said.ends_with("returned -1\n"), "{said}");
    assert!(!said.contains("was fed"), "{said}");
}

#[test]
fn host_that_waits_for_input_gets_none_and_is_killed() {
    is_refused(&said(&mut loading_host(PATIENCE)), "it did not say that it is ready within 700ms");
}

#[test]
fn host_that_ends_is_a_handshake_failure() {
    is_refused(
        &said(loading_host("60000").env("AS_CHILD", "leave")),
        "before it was ready, its process ended by itself, with exit code 9",
    );
}

/// The program becomes a child while it loads the library, when most loaders block other threads. It may serve or be
/// refused, but the call must not hang.
#[test]
fn host_that_loads_the_library_as_a_child_blocks_no_call() {
    let mut host = loading_host(PATIENCE);
    let said = said(host.env("AS_CHILD", format!("load:{}", library().display())));
    if said != "returned 8\n" {
        is_refused(&said, "it did not say that it is ready within 700ms");
    }
}

#[test]
fn python_gets_no_input_and_is_killed() {
    const CALL: &str = "import ctypes, sys\n\
        print('returned', ctypes.CDLL(sys.argv[1]).double_elsewhere(4, int(sys.argv[2])))";
    let mut python = Command::new("python3");
    if !python.args(["-c", "import ctypes"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no Python that could load the library");
        return;
    }
    let mut python = Command::new("python3");
    python.args(["-u", "-c", CALL]).arg(library()).arg(PATIENCE);
    is_refused(&said(&mut python), "it did not say that it is ready within 700ms");
}
