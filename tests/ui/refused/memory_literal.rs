use pybackground::background;

#[background(process, memory = "1.5GiB")]
fn fraction() {}

#[background(process, memory = "512")]
fn without_unit() {}

#[background(process, memory = 0)]
fn nothing() {}

#[background(process, memory = "0 GB")]
fn nothing_with_a_unit() {}

#[background(process, memory = -1)]
fn negative() {}

#[background(process, memory = "99999999999TiB")]
fn too_much() {}

#[background(process, memory)]
fn no_value() {}

#[background(process = true)]
fn a_value() {}

fn main() {}
