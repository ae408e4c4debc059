//! The files that a program leaves behind, however it ends.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use timeline_tests::{Program, folder, watchdog};

const SCENES: &str = env!("CARGO_BIN_EXE_scenes");

/// The lines of events of a page, without those that explain names.
fn events(page: &Path) -> Vec<String> {
    let page = fs::read_to_string(page).expect("a page");
    let (_, lines) = page.split_once("id=\"data\">\n").expect("it has events");
    let mut lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    // The last line of a process that was killed may be torn.
    if !page.ends_with('\n') {
        lines.pop();
    }
    lines
}

fn count(lines: &[String], letter: &str) -> usize {
    lines.iter().filter(|line| line.split(' ').next() == Some(letter)).count()
}

fn ends(lines: &[String]) -> usize {
    count(lines, "e") + count(lines, "f")
}

fn is_complete(lines: &[String]) -> bool {
    let end: Vec<&str> = lines.iter().rev().take(4).map(String::as_str).collect();
    end[..3] == ["</html>", "</body>", "</script>"] && end[3].starts_with("Z ")
}

#[test]
fn page_is_complete_when_main_returns_panics_or_exits() {
    let _watchdog = watchdog();
    for (scene, code) in [("chain", 0), ("panic", 101), ("exit", 3)] {
        let own = folder();
        let path = own.join("run.html");
        let (status, _) = Program::start(SCENES, &[scene], &path).end();
        assert_eq!(status.code(), Some(code), "{scene}");
        let lines = events(&path);
        assert!(is_complete(&lines), "{scene}: {lines:?}");
        let calls = if scene == "chain" { 4 } else { 1 };
        assert_eq!(count(&lines, "c"), calls, "{scene}");
        assert_eq!(ends(&lines), calls, "{scene}");
    }
}

/// Whether this process, and so what it starts, ignores a signal.
fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (number - 1)) != 0)
}

#[test]
fn page_is_complete_when_a_signal_ends_the_process() {
    let _watchdog = watchdog();
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        if is_ignored(number) {
            eprintln!(
                "skipped: the tests run with SIG{signal} ignored, as a program below `nohup` does"
            );
            continue;
        }
        let own = folder();
        let path = own.join("run.html");
        let mut program = Program::start(SCENES, &["wait"], &path);
        assert_eq!(program.line(), "ready");
        program.signal(signal);
        let (status, _) = program.end();
        assert_eq!(status.signal(), Some(number), "it has its default action");
        let lines = events(&path);
        assert!(is_complete(&lines), "{signal}: {lines:?}");
        assert_eq!((count(&lines, "c"), ends(&lines)), (2, 1), "one call runs still");
    }
}

#[test]
fn signal_that_the_program_handles_or_ignores_is_left_alone() {
    let _watchdog = watchdog();
    let own = folder();
    let path = own.join("run.html");
    let mut program = Program::start(SCENES, &["handles"], &path);
    assert_eq!(program.line(), "ready");
    program.signal("INT");
    assert_eq!(program.line(), "interrupted");
    program.go_on();
    assert!(program.end().0.success());
    let lines = events(&path);
    assert!(is_complete(&lines) && count(&lines, "c") == 2, "{lines:?}");

    let own = folder();
    let path = own.join("run.html");
    let ignoring = "trap '' INT; exec \"$0\" wait";
    let mut program = Program::start("bash", &["-c", ignoring, SCENES], &path);
    assert_eq!(program.line(), "ready");
    program.signal("INT");
    program.go_on();
    assert!(program.end().0.success());
    assert!(is_complete(&events(&path)));
}

#[test]
fn page_of_a_killed_process_has_what_happened_before() {
    let _watchdog = watchdog();
    let own = folder();
    let path = own.join("run.html");
    let mut program = Program::start(SCENES, &["works"], &path);
    assert_eq!(program.line(), "ready");
    while ends(&events(&path)) < 20 {
        std::thread::yield_now();
    }
    program.signal("KILL");
    assert_eq!(program.end().0.signal(), Some(9));
    let lines = events(&path);
    assert!(!is_complete(&lines));
    assert!(ends(&lines) >= 20, "{lines:?}");
}

#[test]
fn process_that_finds_the_file_in_use_writes_another() {
    let _watchdog = watchdog();
    let folder = folder();
    let path = folder.join("run.html");
    let mut first = Program::start(SCENES, &["wait"], &path);
    assert_eq!(first.line(), "ready");
    let mut second = Program::start(SCENES, &["wait"], &path);
    let said = second.complaint();
    let other = folder.join(format!("run.{}.html", second.number()));
    assert!(
        said.contains("pybackground: another process writes")
            && said.contains(other.to_str().unwrap()),
        "{said}"
    );
    for mut program in [first, second] {
        program.go_on();
        assert!(program.end().0.success());
    }
    assert!(is_complete(&events(&path)) && is_complete(&events(&other)));
}

#[test]
fn file_of_an_earlier_run_is_replaced() {
    let _watchdog = watchdog();
    let own = folder();
    let path = own.join("run.html");
    fs::write(&path, "x".repeat(1 << 20)).unwrap();
    assert!(Program::start(SCENES, &["exit"], &path).end().0.code() == Some(3));
    assert!(fs::read_to_string(&path).unwrap().starts_with("<!doctype html>"));
}

#[test]
fn variable_that_makes_no_sense_is_one_line_and_no_more() {
    let _watchdog = watchdog();
    for (target, said) in [
        ("run.txt", "is neither the path of a page"),
        ("/nowhere/at/all/run.html", "No such file or directory"),
        ("0.0.0.0:7777", "write expose:0.0.0.0:7777 if that is meant, or 127.0.0.1:7777"),
    ] {
        let (status, stderr) = Program::start(SCENES, &["many", "4"], Path::new(target)).end();
        assert!(status.success());
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        let head = "pybackground: PYBACKGROUND_TIMELINE has no effect: ";
        assert!(stderr.starts_with(head) && stderr.contains(said), "{stderr}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn full_disk_is_one_line_that_names_the_file() {
    let _watchdog = watchdog();
    let folder = folder();
    for name in ["run.html", "run.json"] {
        let path = folder.join(name);
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let (status, stderr) = Program::start(SCENES, &["many", "4"], &path).end();
        assert!(status.success());
        let said = format!("has no effect: {}: No space left on device", path.display());
        assert!(stderr.lines().count() == 1 && stderr.contains(&said), "{stderr}");
    }
}

/// Nothing reads the pipe, so opening it would never return.
#[test]
fn pipe_is_refused_and_delays_no_call() {
    let _watchdog = watchdog();
    let folder = folder();
    for name in ["run.html", "run.json"] {
        let path = folder.join(name);
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        let (status, stderr) = Program::start(SCENES, &["many", "4"], &path).end();
        assert!(status.success());
        let said = format!("has no effect: {}: it is a pipe, not a file", path.display());
        assert!(stderr.lines().count() == 1 && stderr.contains(&said), "{stderr}");
    }
}

#[test]
fn bodies_in_other_processes_name_their_worker_and_lack_the_variable() {
    let _watchdog = watchdog();
    let folder = folder();
    let path = folder.join("run.html");
    let mut program = Program::start(SCENES, &["process"], &path);
    assert_eq!(program.line(), "3", "neither body has the variable");
    assert!(program.end().0.success());
    let lines = events(&path);
    assert_eq!((count(&lines, "a"), count(&lines, "b")), (2, 2), "{lines:?}");
    let workers = lines.iter().filter(|line| line.starts_with("W ") && line.contains("\"process "));
    assert_eq!(workers.count(), 2, "{lines:?}");
    assert_eq!(fs::read_dir(&*folder).unwrap().count(), 1, "the children wrote no file");
}

#[test]
fn guard_ends_the_recording_and_another_may_begin() {
    let _watchdog = watchdog();
    let folder = folder();
    let paths = ["first.html", "second.html"].map(|name| folder.join(name));
    let [first, second] = paths.each_ref().map(|path| path.to_str().unwrap());
    let done = Command::new(SCENES).args(["code", first, second]).status().unwrap();
    assert!(done.success());
    for path in &paths {
        let lines = events(path);
        assert!(is_complete(&lines), "{lines:?}");
        assert_eq!((count(&lines, "c"), ends(&lines)), (1, 1), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("::odd\"")), "{lines:?}");
    }
}

/// The events of a trace. The file of a process that was killed lacks its end.
fn trace(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a trace");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn trace_has_slices_that_nest_and_pairs_that_match() {
    let _watchdog = watchdog();
    let own = folder();
    let path = own.join("run.json");
    assert!(Program::start(SCENES, &["small"], &path).end().0.success());
    let events = trace(&path);
    let mut open = HashMap::<i64, Vec<f64>>::new();
    let mut slices = 0;
    for event in &events {
        let (track, at) = (event["tid"].as_i64().unwrap(), event["ts"].as_f64().unwrap());
        let stack = open.entry(track).or_default();
        match event["ph"].as_str().unwrap() {
            "B" => stack.push(at),
            "E" => {
                slices += 1;
                assert!(stack.pop().expect("it began") <= at, "{event}");
            }
            _ => {}
        }
    }
    assert!(slices >= 8 && open.values().all(Vec::is_empty), "{open:?}");
    for (begin, end, category) in [("b", "e", "queue"), ("s", "f", "call"), ("s", "f", "wait")] {
        let times = |kind: &str| {
            let of_kind = events.iter().filter(|it| it["ph"] == kind && it["cat"] == category);
            of_kind
                .map(|it| (it["id"].as_u64().unwrap(), it["ts"].as_f64().unwrap()))
                .collect::<HashMap<_, _>>()
        };
        let (begins, ends) = (times(begin), times(end));
        assert!(
            !begins.is_empty() && begins.len() == ends.len(),
            "{category}: {begins:?} {ends:?}"
        );
        assert!(begins.iter().all(|(id, at)| ends[id] >= *at), "{category}");
    }
    let failures: Vec<&str> = events.iter().filter_map(|it| it["args"]["error"].as_str()).collect();
    assert!(failures.iter().any(|text| text.contains("17 across has no answer")), "{failures:?}");
    assert!(failures.iter().any(|text| text.contains("timed out after 20ms")), "{failures:?}");
    let named: Vec<&Value> =
        events.iter().filter(|it| it["name"] == "thread_name").map(|it| &it["tid"]).collect();
    assert!(events.iter().all(|it| it["tid"] == 0 || named.contains(&&it["tid"])));
}

#[test]
fn trace_of_a_killed_process_lacks_its_bracket_only() {
    let _watchdog = watchdog();
    let own = folder();
    let path = own.join("run.json");
    let mut program = Program::start(SCENES, &["works"], &path);
    assert_eq!(program.line(), "ready");
    while !fs::read_to_string(&path).unwrap().contains("\"ph\":\"E\"") {
        std::thread::yield_now();
    }
    program.signal("KILL");
    let _ = program.end();
    let text = fs::read_to_string(&path).unwrap();
    let (whole, _) = text.rsplit_once(",\n").unwrap();
    let events: Vec<Value> =
        serde_json::from_str(&format!("{whole}]")).expect("all lines but the last are whole");
    assert!(events.len() > 10);
}

/// Only root can make such a program: as another user this checks nothing.
#[test]
#[cfg(target_os = "linux")]
fn program_with_more_rights_than_its_user_ignores_the_variable() {
    let _watchdog = watchdog();
    let folder = folder();
    let (path, program) = (folder.join("run.html"), folder.join("scenes"));
    // Not by this process: a child that another test starts would have the file open for writing, and it could not be run.
    assert!(Command::new("cp").arg(SCENES).arg(&program).status().unwrap().success());
    let rights = |mode| fs::set_permissions(&program, PermissionsExt::from_mode(mode)).unwrap();
    rights(0o4755);
    fs::set_permissions(&*folder, PermissionsExt::from_mode(0o777)).unwrap();
    let user =
        ["--reuid=61877", "--regid=61877", "--clear-groups", program.to_str().unwrap(), "rights"];
    let mut privileged = Program::start("setpriv", &user, &path);
    let mut said = String::new();
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        said = privileged.line();
    }
    let (_, stderr) = privileged.end();
    if said != "more" {
        eprintln!("skipped: this system gives the program no rights");
        return;
    }
    let expected = "pybackground: the variable PYBACKGROUND_TIMELINE is ignored, because this program has more rights";
    assert!(stderr.starts_with(expected) && stderr.lines().count() == 1, "{stderr}");
    assert!(!path.exists());
}
