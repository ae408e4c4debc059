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
        let __pybackground_arg0 = self;
        let __pybackground_arg0 = ::pybackground::__private::lend_receiver(
            __pybackground_arg0,
        );
        let __pybackground_arg1 = other;
        let __pybackground_arg1 = ::pybackground::__private::lend(__pybackground_arg1);
        return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
            _,
        >>::run(
            ::pybackground::__private::Options::of(const {
                ::pybackground::__private::Definition.place()
            }),
            move || -> ::pybackground::__private::Same<u64> {
                let __pybackground_arg0 = __pybackground_arg0;
                let __pybackground_self = ::pybackground::__private::Lent::get(
                    &__pybackground_arg0,
                );
                let __pybackground_arg1 = __pybackground_arg1;
                #[allow(clippy::shadow_unrelated)]
                let other = ::pybackground::__private::Lent::get(&__pybackground_arg1);
                match () {
                    () => {
                        println!("{self} {}", other.count, self = __pybackground_self);
                        __pybackground_self.count + other.count
                    }
                }
            },
        );
    }
    #[track_caller]
    fn by_value(self) -> ::pybackground::Lazy<Self> {
        let __pybackground_arg0 = self;
        let __pybackground_arg0 = ::pybackground::__private::give(__pybackground_arg0);
        return <::pybackground::__private::BackgroundCall as ::pybackground::__private::Returns<
            _,
        >>::run(
            ::pybackground::__private::Options::of(const {
                ::pybackground::__private::Definition.place()
            }),
            move || -> ::pybackground::__private::Same<Self> {
                let mut __pybackground_self = ::pybackground::__private::Given::take(
                    __pybackground_arg0,
                );
                match () {
                    () => {
                        __pybackground_self.count += 1;
                        __pybackground_self
                    }
                }
            },
        );
    }
    #[track_caller]
    fn shared(self: &Arc<Self>) -> ::pybackground::Lazy<u64> {
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
            move || -> ::pybackground::__private::Same<u64> {
                let __pybackground_arg0 = __pybackground_arg0;
                let __pybackground_self = ::pybackground::__private::Lent::get(
                    &__pybackground_arg0,
                );
                match () {
                    () => {
                        fn inner(counter: &Counter) -> u64 {
                            counter.count
                        }
                        inner(__pybackground_self)
                    }
                }
            },
        );
    }
}
