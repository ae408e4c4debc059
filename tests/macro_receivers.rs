//! `self` in `#[background]` methods: every receiver, and every place of `self` in a body.

#![allow(clippy::all, clippy::pedantic, reason = "all that people write, good or not, has to work")]

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use pybackground::background;

#[derive(Clone, Debug, PartialEq)]
struct Account {
    owner: String,
    cents: i64,
}

fn account() -> Account {
    Account { owner: "Ada".into(), cents: 100 }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.owner, self.cents)
    }
}

mod kinds {
    use super::*;

    type Shared<T> = Arc<T>;

    impl Account {
        #[background]
        fn by_reference(&self) -> i64 {
            self.cents
        }

        #[background]
        fn by_named_reference<'a>(&'a self, other: &'a Self) -> i64 {
            self.cents + other.cents
        }

        #[background]
        fn by_typed_reference(self: &Self) -> i64 {
            self.cents
        }

        #[background]
        fn for_ever(&'static self) -> &'static str {
            &self.owner
        }

        #[background]
        fn by_value(self) -> String {
            self.owner
        }

        #[background]
        fn by_mutable_value(mut self, cents: i64) -> Self {
            self.cents += cents;
            self
        }

        #[background]
        fn boxed(self: Box<Self>) -> String {
            self.owner
        }

        #[background]
        fn mutable_box(mut self: Box<Self>) -> i64 {
            self.cents += 1;
            self.cents
        }

        #[background]
        fn shared(self: Arc<Self>) -> usize {
            Arc::strong_count(&self)
        }

        #[background]
        fn lent_share(self: &Arc<Self>) -> bool {
            Arc::strong_count(self) > 1
        }

        #[background]
        fn aliased(self: Shared<Self>) -> i64 {
            self.cents
        }

        #[background]
        fn pinned(self: Pin<Box<Self>>) -> i64 {
            self.cents
        }

        #[background]
        fn ignored(&self, cents: i64) -> i64 {
            cents
        }

        #[background]
        fn without(cents: i64) -> Self {
            Self { cents, ..account() }
        }
    }

    #[test]
    fn every_receiver_reaches_the_body() {
        let account = account();
        assert_eq!(account.by_reference(), 100);
        assert_eq!(account.by_named_reference(&account), 200);
        assert_eq!(account.by_typed_reference(), 100);
        assert_eq!(*Box::leak(Box::new(account.clone())).for_ever(), "Ada");
        assert_eq!(account.clone().by_value(), "Ada");
        assert_eq!(account.clone().by_mutable_value(5).cents, 105);
        assert_eq!(Box::new(account.clone()).boxed(), "Ada");
        assert_eq!(Box::new(account.clone()).mutable_box(), 101);
        assert_eq!(Arc::new(account.clone()).aliased(), 100);
        assert_eq!(Box::pin(account.clone()).pinned(), 100);
        assert_eq!(account.ignored(3), 3);
        assert_eq!(Account::without(7).cents, 7);
    }

    #[test]
    fn arc_receiver_is_shared() {
        let account = Arc::new(account());
        assert_eq!(account.clone().shared(), 2);
        assert!(*account.lent_share());
    }
}

mod places {
    use super::*;

    mod helpers {
        pub(super) fn double(cents: i64) -> i64 {
            cents * 2
        }
    }

    fn triple(cents: i64) -> i64 {
        cents * 3
    }

    macro_rules! cents_of {
        ($account:expr) => {
            $account.cents
        };
    }

    macro_rules! pass_on {
        ($($tokens:tt)*) => { $($tokens)* };
    }

    impl Account {
        const FEE: i64 = 3;

        fn cents(&self) -> i64 {
            self.cents
        }

        #[background]
        fn in_macros(&self) -> i64 {
            assert!(self.cents > 0, "{self} has nothing");
            assert_eq!(vec![self.cents; 2].len(), 2);
            cents_of!(self)
                + pass_on!(
                    self.cents() + {
                        let all = || self.cents;
                        all()
                    }
                )
        }

        #[background]
        fn in_format_strings(&self, width: usize) -> Vec<String> {
            use std::fmt::Write;
            let mut text = String::new();
            write!(text, "{self}").unwrap();
            writeln!(text, r#"{self:?} "{{self}}""#).unwrap();
            let data = "{self}";
            vec![
                text,
                format!("{self:>0$} \u{7e}{data}", width, data = data),
                format!("{} {self:#?}", "{self}"),
                format!("{self} {}", self.owner, self = self.cents),
            ]
        }

        #[background]
        fn in_closures(&self) -> i64 {
            let nested = || (|| self.cents())();
            let moved = {
                let account = self;
                move || account.cents
            };
            nested() + moved() + Some(1).map_or(0, |one| self.cents * one)
        }

        #[background]
        fn in_a_local_macro(&self) -> i64 {
            macro_rules! plus {
                ($n:expr) => {
                    self.cents + $n
                };
            }
            macro_rules! of {
                ($self:ident . $field:ident) => {
                    $self.$field
                };
            }
            plus!(1) + of!(self.cents)
        }

        #[background]
        fn beside_items_with_their_own(&self) -> i64 {
            struct Inner(i64);
            impl Inner {
                const N: usize = 1;
                fn get(&self) -> i64 {
                    pass_on!(self.0)
                }
                fn array(&self) -> Array<{ 1 + 1 }> {
                    Array([self.0; 2])
                }
            }
            impl fmt::Display for Inner {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    let Self(inner) = self;
                    write!(f, "{self:?} {inner}")
                }
            }
            impl fmt::Debug for Inner {
                fn fmt(self: &Self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "Inner")
                }
            }
            struct Array<const N: usize>([i64; N]);
            trait Double {
                fn double(&self) -> i64;
                fn pointer(&self) -> fn(&Self) -> i64 {
                    Self::double
                }
            }
            impl Double for i64 {
                fn double(&self) -> i64 {
                    *self * 2
                }
            }
            let pointer: fn(i64) -> i64 = triple;
            assert_eq!(Inner(1).to_string(), "Inner 1");
            assert_eq!(Inner(1).array().0.len() + Inner::N, 3);
            Inner(self.cents).get() + self.cents.double() + (self.cents.pointer())(&1) + pointer(0)
        }

        #[background]
        fn beside_paths(&self) -> i64 {
            use self::helpers::double;
            use helpers::{self as other};
            pub(self) mod own {
                pub(in crate::places) use super::triple;
            }
            double(self.cents) + self::triple(1) + own::triple(1) + other::double(0)
        }

        #[background]
        fn through_self_type(&self) -> Self {
            let Self { owner, cents } = self;
            Self { owner: owner.clone(), cents: cents - Self::FEE }
        }

        #[background]
        fn shadowed(&self) -> i64 {
            let __self = 5;
            let __arg0 = 6;
            self.cents + __self + __arg0
        }
    }

    mod own {}

    #[test]
    fn self_works_everywhere_in_a_body() {
        let account = account();
        assert_eq!(account.in_macros(), 300);
        let texts = account.in_format_strings(10);
        assert_eq!(texts[0], format!("Ada 100{account:?} \"{{self}}\"\n"));
        assert!(texts[1].ends_with(" ~{self}"), "{}", texts[1]);
        assert!(texts[2].starts_with("{self} Account {"), "{}", texts[2]);
        assert_eq!(texts[3], "100 Ada");
        assert_eq!(account.in_closures(), 300);
        assert_eq!(account.in_a_local_macro(), 201);
        assert_eq!(account.beside_items_with_their_own(), 302);
        assert_eq!(account.beside_paths(), 206);
        assert_eq!(account.through_self_type().cents, 97);
        assert_eq!(account.shadowed(), 111);
    }
}
