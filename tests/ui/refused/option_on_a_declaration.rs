use pybackground::background;

trait Fetch {
    #[background(crate = pybackground, timeout = 1.0, limit = 3, run_timeout = 1)]
    fn fetch(&self) -> u8;
}

fn main() {}
