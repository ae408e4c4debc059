use pybackground::{Lazy, background};

struct Shop<T>(T);

impl<T: Send + 'static> Shop<T> {
    #[background(process)]
    fn price(article: T) -> u32 {
        1
    }

    #[background(process)]
    fn count(articles: Vec<u32>) -> usize {
        articles.len()
    }
}

fn main() {
    let _count: Lazy<usize> = Shop::<u8>::count(Vec::new());
}
