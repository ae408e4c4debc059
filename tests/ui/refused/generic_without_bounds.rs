use pybackground::background;

#[background]
fn swap<A, B: ?Sized, C>(pair: (A, C), other: &B) -> (C, A)
where
    C: Clone,
{
    (pair.1, pair.0)
}

fn main() {}
