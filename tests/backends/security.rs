//! What others may do who reach the server or the environment. Each test is a process with a server of its own.

mod common;

use common::nats::Server;
use common::raw::{Message, Raw};
use common::{Lifeline, child, wait_for_release, watchdog};
use pybackground::{Lazy, background, remote, snapshot};
use serde::{Deserialize, Serialize};

/// Runs a test in a process of its own, with these variables. Skips it where there is no server.
fn alone(test: &str, variables: &[(&str, &str)], run: impl FnOnce()) {
    let _watchdog = watchdog();
    if !child::is_child() {
        if common::nats::server_path().is_some() {
            child::succeeds(child::command(test).envs(variables.iter().copied()));
        }
        return;
    }
    run();
}

fn use_server(server: &Server) {
    remote().url(server.url()).install().unwrap();
}

#[background(remote)]
fn double(number: u32) -> u32 {
    2 * number
}

#[background(remote)]
fn once(port: u16) -> u16 {
    wait_for_release(port);
    port
}

fn is_call(message: &Message) -> bool {
    message.subject.starts_with("pybg.default.call.")
}

#[test]
fn malformed_messages_are_dropped() {
    alone("malformed_messages_are_dropped", &[], || {
        let server = Server::start().unwrap();
        use_server(&server);
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.call.>");
        let _worker = server.worker();
        assert_eq!(double(1), 2);
        let call = raw.wait_for(is_call);
        for garbage in [&b""[..], b"\x01", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &[7; 1000]]
        {
            raw.publish(&call.subject, None, garbage);
        }
        // A call with other arguments than the function has.
        let head = call.payload().len() - 40.min(call.payload().len());
        raw.publish(&call.subject, None, &call.payload()[..head]);
        raw.flush();
        for number in 0..50 {
            assert_eq!(double(number), 2 * number);
        }
    });
}

/// A value that is as deep as its bytes are many.
#[derive(Debug, Serialize, Deserialize)]
enum Tree {
    Leaf,
    Node(Box<Tree>),
}

#[background(remote)]
fn takes(tree: Tree) -> bool {
    matches!(tree, Tree::Leaf)
}

#[background(remote)]
fn gives(levels: usize) -> Tree {
    (0..levels).fold(Tree::Leaf, |tree, _| Tree::Node(Box::new(tree)))
}

/// Withdraws a call that no worker has. Returns its message without the last `bytes`, which are the argument.
fn withdrawn<T: Send + 'static>(call: &Lazy<T>, raw: &mut Raw, bytes: usize) -> Message {
    let mut message = raw.wait_for(is_call);
    assert!(Lazy::cancel(call));
    while snapshot().remote.is_some_and(|report| report.in_flight + report.withdrawing > 0) {
        std::thread::yield_now();
    }
    message.content.truncate(message.content.len() - bytes);
    message
}

#[test]
fn oversized_and_deep_values_cost_no_other_call() {
    alone("oversized_and_deep_values_cost_no_other_call", &[], || {
        const DEEP: usize = 900_000;
        /// The caller refuses so many levels without optimizations, and the worker's process can take half as many more.
        /// With optimizations both can take more, and the process again more than the caller.
        const MANY: usize = 16_000;
        let server = Server::start().unwrap();
        use_server(&server);
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.call.>");
        // An argument has its length in eight bytes before it: four bytes of a number, and one of a leaf.
        let number = withdrawn(&double(1), &mut raw, 12);
        let list = withdrawn(&sum(&[1]), &mut raw, 17);
        let leaf = withdrawn(&takes(Tree::Leaf), &mut raw, 9);
        let argument = |bytes: &[u8]| [&(bytes.len() as u64).to_le_bytes(), bytes].concat();
        let deep = [vec![1; DEEP], vec![0]].concat();
        let most = [&[255; 9][..], &[1]].concat();
        raw.subscribe("pybg.default.result.>");
        let _worker = server.worker();
        for (message, end) in
            [(&number, vec![255; 12]), (&list, argument(&most)), (&leaf, argument(&deep))]
        {
            let forged = [message.payload(), &*end].concat();
            raw.publish(&message.subject, None, &forged);
            // It has a result, which no caller waits for.
            let result = raw.wait_for(|message| message.subject.contains(".result."));
            assert!(result.payload().len() < 10_000, "{} bytes", result.payload().len());
        }
        let mut more = (MANY..).step_by(MANY / 4);
        let error = more.find_map(|levels| Lazy::join(gives(levels)).err()).unwrap();
        assert!(error.is_codec_failure(), "{error}");
        assert_eq!(double(2), 4);
    });
}

#[test]
fn duplicates_run_no_body() {
    alone("duplicates_run_no_body", &[], || {
        let server = Server::start().unwrap();
        use_server(&server);
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.call.>");
        let lifeline = Lifeline::new();
        let worker = server.worker();
        let call = once(lifeline.port());
        let message = raw.wait_for(is_call);
        let body = lifeline.body();
        for _ in 0..100 {
            raw.publish(&message.subject, None, message.payload());
        }
        raw.flush();
        body.release();
        assert_eq!(call, lifeline.port());
        for _ in 0..100 {
            raw.publish(&message.subject, None, message.payload());
        }
        raw.flush();
        assert_eq!(double(1), 2);
        assert!(!lifeline.has_body(), "a body was started twice");
        // Another worker does not remember the call. The mark is on the server.
        drop(worker);
        let _worker = server.worker();
        raw.publish(&message.subject, None, message.payload());
        raw.flush();
        assert_eq!(double(2), 4);
        assert!(!lifeline.has_body(), "a body was started twice");
    });
}

#[test]
fn reply_subject_of_a_message_is_not_used() {
    alone("reply_subject_of_a_message_is_not_used", &[], || {
        let server = Server::start().unwrap();
        use_server(&server);
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.call.>");
        raw.subscribe("$JS.API.CONSUMER.MSG.NEXT.>");
        raw.subscribe("forged.>");
        let _worker = server.worker();
        assert_eq!(double(1), 2);
        // The worker may have asked for calls before this one was made, or after.
        let seen = raw.received();
        let request = seen.iter().find(|message| message.subject.starts_with("$JS.API")).unwrap();
        let inbox = request.reply.clone().unwrap();
        let call = seen.iter().find(|message| is_call(message)).unwrap();
        // To the worker's own inbox, past the stream.
        raw.publish(&inbox, Some("forged.reply"), call.payload());
        raw.publish(&call.subject, Some("forged.acknowledgement"), b"garbage");
        raw.flush();
        for number in 0..20 {
            assert_eq!(double(number), 2 * number);
        }
        let forged = raw.received().into_iter().find(|message| message.subject == "forged.reply");
        assert!(forged.is_none(), "the worker has answered: {forged:?}");
    });
}

#[test]
fn functions_of_other_attributes_are_not_offered() {
    #[background(process)]
    fn local() {}

    alone("functions_of_other_attributes_are_not_offered", &[], || {
        let server = Server::start().unwrap();
        use_server(&server);
        let mut raw = Raw::connect(server.port());
        raw.subscribe("$JS.API.CONSUMER.MSG.NEXT.>");
        Lazy::into_inner(local());
        let _worker = server.worker();
        assert_eq!(double(1), 2);
        let offered = raw.received();
        let mut consumers: Vec<_> = offered.iter().map(|message| &message.subject).collect();
        consumers.sort();
        consumers.dedup();
        // Those of this file with `remote`.
        assert_eq!(consumers.len(), 6, "{consumers:?}");
    });
}

#[test]
fn wrong_credentials_are_refused_at_once() {
    alone("wrong_credentials_are_refused_at_once", &[], || {
        let server = Server::start_with("authorization { user: app, password: right }").unwrap();
        let file = std::env::temp_dir().join(format!("pybackground-creds-{}", std::process::id()));
        std::fs::write(&file, "app:wrong\n").unwrap();
        remote().url(server.url()).credentials(&file).install().unwrap();
        let error = Lazy::join(double(1)).unwrap_err();
        assert!(error.is_unreachable(), "{error}");
        assert!(error.to_string().contains("PYBACKGROUND_REMOTE_CREDS"), "{error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
        // The file is read again by the next connection.
        std::fs::write(&file, "app:right\n").unwrap();
        let path = file.display().to_string();
        let _worker = server.worker_with(&[("PYBACKGROUND_REMOTE_CREDS", &path)]);
        assert_eq!(double(1), 2);
        let _ = std::fs::remove_file(file);
    });
}

#[test]
fn permissions_of_the_documentation_are_enough_and_no_more() {
    alone("permissions_of_the_documentation_are_enough_and_no_more", &[], || {
        let permissions = include_str!("../../docs/nats-permissions.conf");
        let server = Server::start_with(permissions).unwrap();
        let (caller, worker) = (credentials_of("caller"), credentials_of("worker"));
        remote().url(server.url()).credentials(&caller).install().unwrap();
        let path = worker.display().to_string();
        let _worker = server.worker_with(&[("PYBACKGROUND_REMOTE_CREDS", &path)]);
        assert_eq!(double(1), 2);
        let large = vec![1_u64; 400_000];
        assert_eq!(Lazy::into_inner(sum(&large)).len(), 400_000);
        let lifeline = Lifeline::new();
        let call = once(lifeline.port());
        let body = lifeline.body();
        while snapshot().remote.is_none_or(|report| report.workers.is_empty()) {
            std::thread::yield_now();
        }
        assert!(Lazy::cancel(&call));
        body.wait_for_end();
        for path in [caller, worker] {
            let _ = std::fs::remove_file(path);
        }
    });
}

/// Writes the credentials of a user of the permissions in the documentation.
fn credentials_of(user: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("pybackground-{user}-{}", std::process::id()));
    std::fs::write(&path, format!("{user}:change-me\n")).unwrap();
    path
}

/// Starts a server with the permissions of the documentation, without the first of that name of a user.
fn server_without(user: &str, permission: &str) -> Server {
    let permissions = include_str!("../../docs/nats-permissions.conf");
    let (before, after) = permissions.split_once(&format!("\n  {user} = {{")).unwrap();
    let fewer = after.replacen(&format!("\"{permission}\","), "", 1);
    assert_ne!(fewer, after, "{permission}");
    Server::start_with(&format!("{before}\n  {user} = {{{fewer}")).unwrap()
}

/// Makes a call on a server whose users lack a permission, and returns its error.
fn error_without(user: &str, permission: &str) -> pybackground::Error {
    let server = server_without(user, permission);
    let (caller, worker) = (credentials_of("caller"), credentials_of("worker"));
    remote().url(server.url()).credentials(&caller).install().unwrap();
    let path = worker.display().to_string();
    let _worker = server.worker_with(&[("PYBACKGROUND_REMOTE_CREDS", &path)]);
    let error = Lazy::join(double(1)).unwrap_err();
    for path in [caller, worker] {
        let _ = std::fs::remove_file(path);
    }
    error
}

#[test]
fn caller_that_may_not_send_calls_is_told() {
    alone("caller_that_may_not_send_calls_is_told", &[], || {
        let error = error_without("caller", "pybg.default.call.>");
        assert!(error.is_unreachable(), "{error}");
        let text = error.to_string();
        assert!(text.contains("security::double") && text.contains("pybg.default.call."), "{text}");
        assert!(text.contains("docs/nats-permissions.conf"), "{text}");
    });
}

#[test]
fn caller_that_may_not_stop_calls_is_told_before_the_first() {
    alone("caller_that_may_not_stop_calls_is_told_before_the_first", &[], || {
        let text = error_without("caller", "pybg.default.cancel").to_string();
        assert!(text.contains("pybg.default.cancel"), "{text}");
    });
}

#[test]
fn call_of_a_worker_that_may_not_store_marks_ends() {
    alone("call_of_a_worker_that_may_not_store_marks_ends", &[], || {
        let error = error_without("worker", "pybg.default.begun.>");
        assert!(error.is_unreachable(), "{error}");
        assert!(error.to_string().contains("pybg.default.begun."), "{error}");
        let worker = error.worker().expect("a worker answered");
        assert!(error.to_string().ends_with(&format!(" [worker {worker}]")), "{error}");
    });
}

#[test]
fn worker_with_the_credentials_of_a_caller_says_what_it_may_not_do() {
    const TEST: &str = "worker_with_the_credentials_of_a_caller_says_what_it_may_not_do";
    alone(TEST, &[], || {
        let server = Server::start_with(include_str!("../../docs/nats-permissions.conf")).unwrap();
        let credentials = credentials_of("caller");
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.env_remove(child::CHILD).env("PYBACKGROUND_WORKER", server.url());
        let output = command.env("PYBACKGROUND_REMOTE_CREDS", &credentials).output().unwrap();
        let _ = std::fs::remove_file(credentials);
        let said = child::told(&output);
        assert!(
            said.contains("background: PYBACKGROUND_WORKER: the server's permissions"),
            "{said}"
        );
        assert!(said.contains("exit status: 1"), "{said}");
    });
}

#[background(remote)]
fn sum(numbers: &[u64]) -> Vec<u64> {
    numbers.to_vec()
}

#[test]
fn no_server_is_an_error() {
    let _watchdog = watchdog();
    if !child::is_child() {
        let mut command = child::command("no_server_is_an_error");
        child::succeeds(command.env("PYBACKGROUND_REMOTE", "nats://127.0.0.1:1"));
        return;
    }
    let error = Lazy::join(double(1)).unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(error.to_string().contains("nats-server -js"), "{error}");
}

#[test]
fn function_that_no_worker_has_is_unserved() {
    let soon = [("PYBACKGROUND_REMOTE_UNSERVED_AFTER", "0.2")];
    alone("function_that_no_worker_has_is_unserved", &soon, || {
        let server = Server::start().unwrap();
        use_server(&server);
        let error = Lazy::join(double(1)).unwrap_err();
        assert!(error.is_unserved(), "{error}");
        assert!(error.to_string().contains("security::double"), "{error}");
    });
}

/// What a program says that is started with a variable.
fn said_with(test: &str, variable: &str, value: &str) -> String {
    let mut command = child::command(test);
    child::told(&command.env(variable, value).output().unwrap())
}

#[test]
fn wrong_address_is_refused_with_what_to_write() {
    const TEST: &str = "wrong_address_is_refused_with_what_to_write";
    let _watchdog = watchdog();
    if child::is_child() {
        Lazy::into_inner(double(1));
        return;
    }
    for (address, advice) in [
        ("ftp://box", "`nats://host:port`"),
        ("nats://", "write `nats://host:port`"),
        ("nats://10.0.0.1:4222", "without TLS"),
        ("tls://10.0.0.1:4222", "PYBACKGROUND_REMOTE_CREDS"),
        ("nats://me:secret@127.0.0.1", "PYBACKGROUND_REMOTE_CREDS"),
        ("nats://127.0.0.1,nats://10.0.0.1", "without TLS"),
        ("nats://127.0.0.1:port", "has no port from 1 to 65535"),
    ] {
        let said = said_with(TEST, "PYBACKGROUND_REMOTE", address);
        assert!(said.contains(advice), "{address}: {said}");
        let begin = "`security::double` (called at ";
        assert!(
            said.contains(begin) && said.contains("(PYBACKGROUND_REMOTE)"),
            "{address}: {said}"
        );
        let said = said_with(TEST, "PYBACKGROUND_WORKER", address);
        assert!(said.contains("pybackground: PYBACKGROUND_WORKER: "), "{address}: {said}");
        assert!(said.contains(advice) && said.contains("exit status: 1"), "{address}: {said}");
    }
}

#[test]
fn worker_needs_an_address_of_a_server() {
    let _watchdog = watchdog();
    for address in ["local:", "thread:", "box"] {
        let said = said_with("no_server_is_an_error", "PYBACKGROUND_WORKER", address);
        let expected =
            format!("the address that the worker serves is {address:?}; it has to be `nats://host");
        assert!(said.contains(&expected) && said.contains("exit status: 1"), "{said}");
    }
}

#[test]
fn password_in_the_place_of_a_file_is_not_shown() {
    let _watchdog = watchdog();
    let mut command = child::command("no_server_is_an_error");
    command.env("PYBACKGROUND_WORKER", "nats://127.0.0.1:1");
    let said =
        child::told(&command.env("PYBACKGROUND_REMOTE_CREDS", "me:secret").output().unwrap());
    assert!(said.contains("PYBACKGROUND_REMOTE_CREDS has to be the path of a file"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn child_of_a_worker_is_no_worker() {
    #[background(remote)]
    fn variables() -> (Option<String>, Option<String>) {
        let get = |name| std::env::var(name).ok();
        (get("PYBACKGROUND_WORKER"), get("PYBACKGROUND_REMOTE"))
    }

    alone("child_of_a_worker_is_no_worker", &[], || {
        let server = Server::start().unwrap();
        use_server(&server);
        let _worker = server.worker();
        assert_eq!(Lazy::into_inner(variables()), (None, Some(server.url())));
    });
}

/// Only root can make a program with more rights than its user: as another user this checks nothing.
#[test]
#[cfg(target_os = "linux")]
fn program_with_more_rights_than_its_user_ignores_the_variables() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    const TEST: &str = "program_with_more_rights_than_its_user_ignores_the_variables";
    let _watchdog = watchdog();
    if child::is_child() {
        // Such a program starts no children. With the address it would panic.
        for _ in 0..2 {
            let error = Lazy::join(double(1)).unwrap_err();
            assert!(error.is_handshake_failure(), "{error}");
        }
        return;
    }
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !is_root {
        return;
    }
    let copy = std::env::temp_dir().join(format!("{TEST}-{}", std::process::id()));
    let this = std::env::current_exe().unwrap();
    assert!(Command::new("cp").arg(this).arg(&copy).status().unwrap().success());
    fs::set_permissions(&copy, PermissionsExt::from_mode(0o4755)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=61878", "--regid=61878", "--clear-groups"]).arg(&copy);
    command.args([TEST, "--exact", "--nocapture", "--test-threads=1"]).env(child::CHILD, "1");
    let variables = [
        ("PYBACKGROUND_WORKER", "nats://127.0.0.1:1"),
        ("PYBACKGROUND_REMOTE", "ftp://x"),
        ("PYBACKGROUND_REMOTE_CREDS", "/dev/null"),
        ("PYBACKGROUND_REMOTE_CA", "/dev/null"),
        ("PYBACKGROUND_REMOTE_CERT", "/dev/null"),
        ("PYBACKGROUND_REMOTE_KEY", "/dev/null"),
        ("PYBACKGROUND_METRICS", "1"),
    ];
    command.envs(variables);
    let output = command.output().unwrap();
    fs::remove_file(copy).unwrap();
    let told = child::told(&output);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    for (name, _) in variables {
        let ignored = format!("the variable {name} is ignored");
        assert_eq!(told.matches(&ignored).count(), 1, "{name}: {told}");
    }
}
