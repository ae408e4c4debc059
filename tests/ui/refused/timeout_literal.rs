use pybackground::background;

#[background(timeout = -1.0)]
fn negative() {}

#[background(timeout = -(5))]
fn negative_integer() {}

#[background(timeout = f64::NAN)]
fn not_a_number() {}

#[background(timeout = -f64::INFINITY)]
fn infinite() {}

#[background(timeout = 1e999)]
fn too_large_for_a_float() {}

#[background(timeout = "250 parsecs")]
fn unknown_unit() {}

#[background(timeout = "250")]
fn no_unit() {}

#[background(timeout = "-1s")]
fn negative_text() {}

#[background(timeout = 250ms)]
fn without_quotes() {}

#[background(timeout = true)]
fn another_literal() {}

fn main() {
    negative();
}
