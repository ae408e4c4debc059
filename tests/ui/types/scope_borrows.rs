use pybackground::{Lazy, Scope, as_completed, scope};

/// What the closures borrow has to be older than the scope.
fn borrow_from_inside_of_the_scope() {
    scope(|s| {
        let text = String::from("some words");
        s.launch(|| println!("{text}"));
    });
}

fn two_closures_change_one_value() {
    let mut count = 0;
    scope(|s| {
        s.launch(|| count += 1);
        s.launch(|| count += 1);
    });
}

fn value_is_used_after_what_it_borrows() {
    let first: Lazy<&str>;
    {
        let text = String::from("some words");
        first = scope(|s| s.spawn(|| &text[..4]));
    }
    println!("{}", *first);
}

fn owner_changes_what_a_closure_borrows() {
    let mut numbers = vec![1, 2, 3];
    scope(|s| {
        let sum = s.spawn(|| numbers.iter().sum::<i32>());
        numbers.push(4);
        drop(sum);
    });
}

fn scope_leaves_itself() {
    let mut kept: Option<&Scope<'_, '_>> = None;
    scope(|s| kept = Some(s));
}

fn value_that_borrows_goes_to_a_global_task(text: &str) {
    let first = scope(|s| s.spawn(|| &text[..1]));
    let _length = Lazy::map(first, |first| first.len());
}

fn value_that_borrows_goes_to_a_thread(text: &str) {
    let calls = scope(|s| vec![s.spawn(|| &text[..1])]);
    std::thread::spawn(move || as_completed(calls).count());
}

fn main() {}
