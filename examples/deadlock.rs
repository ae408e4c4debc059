//! Calls that wait for each other in a circle, and what the library says instead of hanging.
//!
//! Three clerks each have a form that needs the next one's stamp. Then a clerk waits for a form while she has the key of the
//! archive, which the clerk of that form needs. Run with `cargo run --example deadlock`.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use pybackground::sync::Mutex;
use pybackground::{Lazy, Stack, background, snapshot};

/// A form that is under way: the call whose body stamps it.
type Form = Lazy<&'static str>;

#[background]
fn passport(permit: Receiver<Form>, ready: Sender<()>) -> &'static str {
    stamp("passport", &permit, &ready)
}

#[background]
fn permit(residence: Receiver<Form>, ready: Sender<()>) -> &'static str {
    stamp("permit", &residence, &ready)
}

#[background]
fn residence(passport: Receiver<Form>, ready: Sender<()>) -> &'static str {
    stamp("residence", &passport, &ready)
}

/// Waits for the form that this one needs.
fn stamp(name: &'static str, needs: &Receiver<Form>, ready: &Sender<()>) -> &'static str {
    ready.send(()).expect("the office is open");
    let needed = needs.recv().expect("the office is open");
    match Lazy::join(needed) {
        Ok(other) => println!("{name}: stamped, the {other} is there"),
        Err(error) if error.is_deadlock() => {
            println!("{name}: stamped without what it needs, for {error}");
        }
        Err(error) => println!("{name}: {error}"),
    }
    name
}

/// Looks up a form in the archive.
#[background]
fn look_up(archive: Arc<Mutex<Vec<&'static str>>>) -> usize {
    let forms = archive.lock().expect("no clerk panics in the archive");
    forms.len()
}

/// Waits for another clerk while she has the key of the archive.
#[background]
fn tidy_up(archive: Arc<Mutex<Vec<&'static str>>>) -> usize {
    let mut forms = archive.lock().expect("no clerk panics in the archive");
    let count = look_up(archive.clone());
    while !waits_for_key() {
        std::thread::yield_now();
    }
    match Lazy::wait(&count) {
        Ok(count) => println!("archive: {count} forms"),
        Err(error) => println!("archive: tidied up without the count, for {error}"),
    }
    forms.push("passport");
    drop(forms); // and now the other clerk gets the key
    Lazy::into_inner(count)
}

/// Whether the other clerk waits for the key of the archive.
fn waits_for_key() -> bool {
    let report = snapshot();
    let mut waits = report.stacks.iter().filter_map(Stack::wait);
    waits.any(|wait| wait.function().is_none() && wait.waits_at().is_some())
}

fn main() {
    let (to_passport, of_permit) = channel();
    let (to_permit, of_residence) = channel();
    let (to_residence, of_passport) = channel();
    let (ready, all_ready) = channel();

    let forms = [
        (to_residence, passport(of_permit, ready.clone())),
        (to_passport, permit(of_residence, ready.clone())),
        (to_permit, residence(of_passport, ready)),
    ];
    // All three have begun before any of them knows what it needs.
    for () in all_ready.iter().take(forms.len()) {}
    for (to, form) in forms {
        to.send(form).expect("the clerk waits for it");
    }
    pybackground::wait_idle(std::time::Duration::from_secs(10)).expect("nobody hangs");

    let count = tidy_up(Arc::default());
    println!("archive: {} form in the end", *count);
}
