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
        let __pybackground_arg0 = self;
        let __pybackground_arg0 = ::pybackground::__private::lend_receiver(
            __pybackground_arg0,
        );
        return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
            _,
        >>::run(
            ::pybackground::__private::Options::of(const {
                ::pybackground::__private::Definition.place()
            }),
            move || -> ::pybackground::__private::Same<u8> {
                let __pybackground_arg0 = __pybackground_arg0;
                let __pybackground_self = ::pybackground::__private::Lent::get(
                    &__pybackground_arg0,
                );
                match () {
                    () => __pybackground_self.number(),
                }
            },
        );
    }
}
