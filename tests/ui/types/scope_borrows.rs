use pybackground::scope;

/// The value is kept for the `Lazy`, which may outlive what is borrowed.
fn result_that_borrows(text: &str) {
    scope(|s| {
        let _first = s.spawn(|| text.split(' ').next());
    });
}

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

fn main() {}
