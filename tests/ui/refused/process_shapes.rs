use pybackground::{Shared, background};

struct Shop(u32);

impl Shop {
    #[background(process)]
    fn price(&self) -> u32 {
        self.0
    }

    #[background(process)]
    fn new(price: u32) -> Self {
        Self(price)
    }

    #[background(process)]
    fn add(other: Vec<Self>) -> u32 {
        other.into_iter().map(|shop| shop.0).sum()
    }
}

#[background(process)]
fn generic<T: Send + 'static, const N: usize>(value: T) {}

#[background(process)]
fn opaque(numbers: impl Iterator<Item = u32> + Send + 'static) -> impl Send {}

#[background(process)]
async fn asynchronous() {}

#[background(process, compute)]
fn computes() {}

#[background(process)]
fn never() -> ! {
    loop {}
}

#[background(process)]
fn waits(#[lazy] value: u32) {}

mod other {
    pub struct Lazy<T>(pub T);
}

#[background(process)]
fn blocks(one: pybackground::Lazy<u32>, more: Vec<(u8, Shared<u32>)>, other: other::Lazy<u32>) {}

#[background(memory = "1MiB")]
fn without_process() {}

fn main() {}
