//! `#[background]` in traits and in their implementations, on whatever type.

#![allow(clippy::all, clippy::pedantic, reason = "all that people write, good or not, has to work")]

use std::fmt::{Debug, Display};
use std::sync::Arc;

use pybackground::{Lazy, background};

mod declarations {
    use super::*;

    trait Fetch {
        #[background]
        fn fetch(&self, url: &str) -> Result<String, std::num::ParseIntError>;

        #[background]
        async fn fetch_async(&self, url: &str) -> usize;

        /// A declaration asks for no bound, not even of an unbounded parameter.
        #[background]
        fn convert<T: Into<u64>>(&self, value: T) -> u64
        where
            Self: Sized,
            T: Send + 'static;

        #[background]
        fn unbounded<T>(&self, value: T) -> usize
        where
            Self: Sized;

        #[background]
        fn opaque(&self) -> impl Display
        where
            Self: Sized;

        #[background]
        fn twice(&self, number: u8) -> u8
        where
            Self: Clone + Send + 'static,
        {
            self.unit() * number * 2
        }

        fn unit(&self) -> u8 {
            1
        }

        #[background]
        fn associated(number: u8) -> u8 {
            number
        }
    }

    #[derive(Clone)]
    struct Client(u8);

    impl Fetch for Client {
        #[background]
        fn fetch(&self, url: &str) -> Result<String, std::num::ParseIntError> {
            let number: u8 = url.parse()?;
            Ok((number + self.0).to_string())
        }

        #[background]
        async fn fetch_async(&self, url: &str) -> usize {
            std::future::ready(url.len()).await
        }

        #[background]
        fn convert<T>(&self, value: T) -> u64
        where
            T: Into<u64> + Send + 'static,
        {
            value.into() + u64::from(self.0)
        }

        #[background]
        fn opaque(&self) -> impl Display {
            self.0
        }

        fn unbounded<T>(&self, _: T) -> Lazy<usize> {
            Lazy::ready(size_of::<T>())
        }

        fn unit(&self) -> u8 {
            self.0
        }
    }

    #[derive(Clone)]
    struct ByHand;

    impl Fetch for ByHand {
        fn fetch(&self, url: &str) -> Lazy<Result<String, std::num::ParseIntError>> {
            Lazy::ready(Ok(url.into()))
        }

        fn fetch_async(&self, url: &str) -> Lazy<usize> {
            Lazy::ready(url.len())
        }

        fn convert<T: Into<u64>>(&self, value: T) -> Lazy<u64>
        where
            T: Send + 'static,
        {
            Lazy::ready(value.into())
        }

        fn unbounded<T>(&self, _: T) -> Lazy<usize> {
            Lazy::ready(size_of::<T>())
        }

        fn opaque(&self) -> Lazy<impl Display + 'static> {
            Lazy::ready("by hand")
        }
    }

    fn use_it(fetch: &(impl Fetch + Clone + Send + 'static)) -> String {
        let fetched = fetch.fetch("1");
        let converted = fetch.convert(7_u8);
        format!(
            "{} {converted} {} {} {}",
            fetched.as_ref().unwrap(),
            fetch.opaque(),
            fetch.twice(3),
            fetch.fetch_async("abc")
        )
    }

    #[test]
    fn methods_are_implemented_with_the_attribute_or_by_hand() {
        assert_eq!(use_it(&Client(1)), "2 8 1 6 3");
        assert_eq!(use_it(&ByHand), "1 7 by hand 6 3");
        assert_eq!(Client(1).unbounded(&1_u8), size_of::<&u8>());
        assert!(Client(0).fetch("x").is_err());
        assert_eq!(Client::associated(4), 4);
    }

    trait Plain {
        #[background]
        fn run(&self, number: u8) -> u8;
        #[background]
        fn owned(self: Box<Self>) -> u8;
        #[background]
        fn provided(self: Arc<Self>) -> &'static str
        where
            Self: Send + Sync + 'static,
        {
            std::any::type_name::<Self>()
        }
    }

    impl Plain for Client {
        #[background]
        fn run(&self, number: u8) -> u8 {
            self.0 + number
        }
        #[background]
        fn owned(self: Box<Self>) -> u8 {
            self.0
        }
    }

    #[test]
    fn trait_stays_dyn_compatible() {
        let object: Box<dyn Plain> = Box::new(Client(1));
        assert_eq!(object.run(2), 3);
        assert_eq!(object.owned(), 1);
        let shared: Arc<dyn Plain + Send + Sync> = Arc::new(Client(1));
        assert!(shared.provided().contains("Client"));
    }
}

mod on_odd_types {
    use super::*;

    trait Describe {
        #[background]
        fn describe(&self) -> String;
    }

    macro_rules! describe {
        ($($(#[$attribute:meta])* [$($generics:tt)*] $ty:ty;)*) => {$(
            $(#[$attribute])*
            impl<$($generics)*> Describe for $ty {
                #[background]
                fn describe(&self) -> String {
                    format!("{self:?} of {}", std::any::type_name::<Self>().len() > 0)
                }
            }
        )*};
    }

    describe! {
        [] str;
        [] &'static str;
        [] ();
        [T: Debug + Clone + Send + 'static] [T];
        [T: Debug + Clone + Send + 'static, const N: usize] [T; N];
        [A: Debug + Clone + Send + 'static, B: Debug + Clone + Send + 'static] (A, B);
        [T: Debug + Sync] &'static [T];
        [] fn(u8) -> u8;
        [T: Debug + Send + Sync + 'static] Arc<T>;
        [] std::path::Path;
    }

    #[test]
    fn implementations_on_references_slices_tuples_and_unsized_types() {
        assert_eq!("a".describe(), "\"a\" of true");
        assert_eq!(Describe::describe(&"a"), "\"a\" of true");
        assert_eq!(().describe(), "() of true");
        assert_eq!([1, 2][..].describe(), "[1, 2] of true");
        assert_eq!([1, 2].describe(), "[1, 2] of true");
        assert_eq!((1, 'a').describe(), "(1, 'a') of true");
        let slice: &'static [u8] = &[1];
        assert_eq!(Describe::describe(&slice), "[1] of true");
        assert!(Describe::describe(&(u8::swap_bytes as fn(u8) -> u8)).ends_with("of true"));
        assert_eq!(Arc::new(1).describe(), "1 of true");
        assert_eq!(std::path::Path::new("p").describe(), "\"p\" of true");
    }

    trait Show: Display + Send + Sync {}

    impl<T: Display + Send + Sync> Show for T {}

    impl dyn Show {
        #[background]
        fn show(self: Arc<Self>) -> String {
            self.to_string()
        }

        #[background]
        fn show_box(self: Box<Self>) -> String {
            self.to_string()
        }
    }

    #[test]
    fn methods_on_trait_objects_take_an_owning_pointer() {
        let object: Arc<dyn Show> = Arc::new(1);
        assert_eq!(object.show(), "1");
        let object: Box<dyn Show> = Box::new(2);
        assert_eq!(object.show_box(), "2");
    }

    struct Lent<'a>(&'a str);

    impl<'a> Lent<'a> {
        // Nothing of the receiver's lifetime gets into the call.
        #[background]
        fn parse(text: &'a str) -> Option<u8> {
            text.parse().ok()
        }

        fn start(&self) -> Lazy<Option<u8>> {
            Self::parse(self.0)
        }
    }

    #[test]
    fn method_works_in_an_implementation_with_lifetimes() {
        assert_eq!(*Lent(&String::from("7")).start(), Some(7));
    }

    struct Wrapper<T, const N: usize>([T; N]);

    impl<T, const N: usize> Wrapper<T, N>
    where
        T: Clone + Send + 'static + std::iter::Sum<T>,
    {
        const LENGTH: usize = N;

        #[background]
        fn sum(self, more: &[T]) -> (T, usize) {
            (self.0.into_iter().chain(more.iter().cloned()).sum(), Self::LENGTH)
        }
    }

    #[test]
    fn method_works_in_a_generic_implementation() {
        assert_eq!(*Wrapper([1, 2]).sum(&[3]), (6, 2));
    }
}

mod associated_types {
    use super::*;

    trait Job {
        type Input: Clone + Send + 'static;
        type Output: Send + 'static;

        #[background]
        fn run(input: &Self::Input) -> Self::Output;

        #[background]
        fn run_all(inputs: Vec<Self::Input>) -> Vec<Self::Output> {
            inputs.iter().map(|input| Lazy::into_inner(Self::run(input))).collect()
        }
    }

    struct Length;

    impl Job for Length {
        type Input = String;
        type Output = usize;

        #[background]
        fn run(input: &String) -> usize {
            input.len()
        }
    }

    #[test]
    fn arguments_and_results_may_be_associated_types() {
        assert_eq!(*Length::run_all(vec!["a".into(), "bc".into()]), [1, 2]);
    }
}
