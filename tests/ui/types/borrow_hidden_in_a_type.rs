use pybackground::background;

#[derive(Clone)]
struct Words<'a>(&'a str);

#[background]
fn count(words: Words) -> usize {
    words.0.len()
}

impl<'a> Words<'a> {
    #[background]
    fn count(&self) -> usize {
        self.0.len()
    }
}

fn main() {}
