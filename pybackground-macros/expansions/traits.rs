trait Fetch {
    #[background]
    fn fetch(&self, url: &str) -> Result<String, Error>;

    #[background]
    async fn fetch_async(&self, url: &str) -> impl Display;

    #[background]
    fn provided(&self) -> u8
    where
        Self: Clone + Send + 'static,
    {
        self.number()
    }
}

// ---- becomes ----

trait Fetch {
    #[track_caller]
    fn fetch(&self, url: &str) -> ::pybackground::Lazy<Result<String, Error>>;
    #[track_caller]
    fn fetch_async(&self, url: &str) -> ::pybackground::Lazy<impl Display + 'static>;
    #[track_caller]
    fn provided(&self) -> ::pybackground::Lazy<u8>
    where
        Self: Clone + Send + 'static,
    {
        let __arg0 = self;
        let __arg0 = ::pybackground::__private::lend_receiver(__arg0);
        <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
            _,
        >>::run(
            ::pybackground::__private::Options::here(),
            move || -> u8 {
                let __arg0 = __arg0;
                let __self = ::pybackground::__private::Lent::get(&__arg0);
                match () {
                    () => __self.number(),
                }
            },
        )
    }
}
