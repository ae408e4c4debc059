use pybackground::background;

struct Connection;

#[background]
fn send(connection: &Connection, object: &dyn Fn()) {
    object();
}

fn main() {}
