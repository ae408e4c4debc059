use pybackground::background;

#[background(single_flight = true)]
fn value() {}

#[background(single_flight, cache)]
fn both() {}

#[background(cache = 100)]
fn number() {}

#[background(cache(100))]
fn number_in_parentheses() {}

#[background(cache(size = 100, age = 1.0))]
fn unknown() {}

#[background(cache(size = 1, size = 2))]
fn twice() {}

#[background(cache(size))]
fn no_size() {}

#[background(cache(ttl = , size = 0))]
fn no_time() {}

#[background(cache(ttl = "5 parsecs"))]
fn no_length_of_time() {}

#[background(cache(size = n, ttl = n))]
fn uses_a_parameter(n: usize) {}

#[background(single_flight, process)]
fn in_a_process() {}

#[background(cache)]
fn lazy(#[lazy] x: u32) -> u32 {
    x
}

fn main() {}
