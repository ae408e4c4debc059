use pybackground::background;

struct Point(f64);

#[background(remote)]
fn takes(point: Point) {}

#[background(remote)]
fn gives() -> Point {
    Point(1.0)
}

fn main() {}
