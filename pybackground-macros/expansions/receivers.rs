impl Counter {
    #[background]
    fn by_reference(&self, other: &Self) -> u64 {
        println!("{self} {}", other.count);
        self.count + other.count
    }

    #[background]
    fn by_value(mut self) -> Self {
        self.count += 1;
        self
    }

    #[background]
    fn shared(self: &Arc<Self>) -> u64 {
        fn inner(counter: &Counter) -> u64 {
            counter.count
        }
        inner(self)
    }
}

// ---- becomes ----

impl Counter {
    #[track_caller]
    fn by_reference(&self, other: &Self) -> ::pybackground::Lazy<u64> {
        let __arg0 = self;
        let __arg0 = ::pybackground::__private::lend_receiver(__arg0);
        let __arg1 = other;
        let __arg1 = ::pybackground::__private::lend(__arg1);
        <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
            _,
        >>::run(
            ::pybackground::__private::Options::here(),
            move || -> u64 {
                let __arg0 = __arg0;
                let __self = ::pybackground::__private::Lent::get(&__arg0);
                let __arg1 = __arg1;
                let other = ::pybackground::__private::Lent::get(&__arg1);
                match () {
                    () => {
                        println!("{self} {}", other.count, self = __self);
                        __self.count + other.count
                    }
                }
            },
        )
    }
    #[track_caller]
    fn by_value(self) -> ::pybackground::Lazy<Self> {
        let __arg0 = self;
        let __arg0 = ::pybackground::__private::give(__arg0);
        <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
            _,
        >>::run(
            ::pybackground::__private::Options::here(),
            move || -> Self {
                let mut __self = ::pybackground::__private::Given::take(__arg0);
                match () {
                    () => {
                        __self.count += 1;
                        __self
                    }
                }
            },
        )
    }
    #[track_caller]
    fn shared(self: &Arc<Self>) -> ::pybackground::Lazy<u64> {
        let __arg0 = self;
        let __arg0 = ::pybackground::__private::lend_receiver(__arg0);
        <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
            _,
        >>::run(
            ::pybackground::__private::Options::here(),
            move || -> u64 {
                let __arg0 = __arg0;
                let __self = ::pybackground::__private::Lent::get(&__arg0);
                match () {
                    () => {
                        fn inner(counter: &Counter) -> u64 {
                            counter.count
                        }
                        inner(__self)
                    }
                }
            },
        )
    }
}
