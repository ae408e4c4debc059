//! The line that a panic names: for each public function and each forwarded operation that can panic, the panic
//! hook is told of the line on which the user wrote it.
//!
//! Where std stands between (`Iterator::sum`, `Ord::max`, `format!`), std's line or this library's is all that can be
//! told.

mod common;

use std::borrow::{Borrow, BorrowMut};
use std::collections::HashMap;
use std::io::{BufRead, Read, Seek, Write};
use std::ops::{AddAssign, SubAssign};

use common::panics::caught;
use common::watchdog;
use pybackground::sync::{Mutex, RwLock};
use pybackground::{
    BackgroundIterator, CancelOnDrop, Lazy, Limit, Shared, all, as_completed, background, scope,
    spawn, try_all, value,
};

/// What is written in the parentheses panics, and the hook is told of that line.
macro_rules! tells_its_line {
    ($use:expr) => {
        caught(|| $use).assert_told_between(line!(), line!() + 1)
    };
}

fn failed<T: Send + 'static>() -> Lazy<T> {
    spawn(|| panic!("there is no value"))
}

fn shared<T: Send + Sync + 'static>() -> Shared<T> {
    Lazy::share(failed())
}

type Bytes = std::io::Cursor<Vec<u8>>;

#[test]
fn values_that_are_used() {
    let _watchdog = watchdog();
    tells_its_line!(*failed::<i64>());
    tells_its_line!(*failed::<i64>() = 1);
    tells_its_line!(failed::<Vec<i64>>().len());
    tells_its_line!(failed::<Vec<i64>>().push(1));
    tells_its_line!(failed::<Vec<i64>>()[0]);
    tells_its_line!(failed::<Vec<i64>>()[0] = 1);
    tells_its_line!(failed::<String>().as_ref() as &str == "a");
    tells_its_line!(AsMut::<[i64]>::as_mut(&mut failed::<Vec<i64>>()).len());
    tells_its_line!(*Borrow::<i64>::borrow(&failed::<i64>()));
    tells_its_line!(*BorrowMut::<i64>::borrow_mut(&mut failed::<i64>()));
    tells_its_line!(Lazy::into_inner(failed::<i64>()));
    tells_its_line!(value(failed::<i64>()));
    tells_its_line!(**Lazy::cancel_on_drop(failed::<u8>()));
    tells_its_line!(Lazy::into_inner(CancelOnDrop::into_lazy(
        Lazy::cancel_on_drop(failed::<u8>())
    )));
    tells_its_line!(*shared::<i64>());
    tells_its_line!(shared::<Vec<i64>>()[0]);
    tells_its_line!(shared::<Vec<i64>>().len());
    tells_its_line!(Shared::into_inner(shared::<i64>()));
}

#[test]
#[expect(clippy::op_ref, reason = "each form is an impl of its own")]
fn operators() {
    let _watchdog = watchdog();
    tells_its_line!(failed::<i64>() + 1);
    tells_its_line!(&failed::<i64>() - &1);
    tells_its_line!(failed::<i64>() * failed::<i64>());
    tells_its_line!(7 / failed::<i64>());
    tells_its_line!(spawn(|| 7) % failed::<i64>());
    tells_its_line!(failed::<i64>() & 1);
    tells_its_line!(failed::<i64>() | 1);
    tells_its_line!(failed::<i64>() ^ 1);
    tells_its_line!(failed::<i64>() << 1);
    tells_its_line!(failed::<i64>() >> 1);
    tells_its_line!(-failed::<i64>());
    tells_its_line!(!failed::<bool>());
    tells_its_line!(AddAssign::add_assign(&mut failed::<i64>(), 1));
    tells_its_line!(SubAssign::sub_assign(&mut 1, failed::<i64>()));
    tells_its_line!(failed::<String>() + "b");
    tells_its_line!(AddAssign::add_assign(&mut failed::<String>(), "b"));
    tells_its_line!(shared::<i64>() + 1);
    tells_its_line!(-&shared::<i64>());
    tells_its_line!(failed::<i64>() == 1);
    tells_its_line!(failed::<i64>() != failed::<i64>());
    tells_its_line!(failed::<i64>() < 1);
    tells_its_line!(failed::<i64>().cmp(&spawn(|| 1)));
    tells_its_line!(failed::<i64>() >= failed::<i64>());
    tells_its_line!(failed::<String>() == "a");
    tells_its_line!("a" == failed::<String>());
    tells_its_line!(failed::<Vec<i64>>() == [1]);
    tells_its_line!([1] == shared::<Vec<i64>>());
    tells_its_line!(std::hash::Hash::hash(&failed::<i64>(), &mut std::hash::DefaultHasher::new()));
}

#[test]
fn sequences_and_files() {
    let _watchdog = watchdog();
    tells_its_line!(for _ in failed::<Vec<i64>>() {});
    tells_its_line!(for _ in &failed::<Vec<i64>>() {});
    tells_its_line!(for _ in &mut failed::<Vec<i64>>() {});
    tells_its_line!(for _ in &shared::<Vec<i64>>() {});
    tells_its_line!(failed::<Vec<i64>>().extend([1]));
    tells_its_line!(Extend::extend(&mut failed::<HashMap<i64, i64>>(), [(1, 1)]));
    tells_its_line!(failed::<Bytes>().read(&mut [0]));
    tells_its_line!(failed::<Bytes>().fill_buf().is_ok());
    tells_its_line!(failed::<Bytes>().rewind());
    tells_its_line!(failed::<Bytes>().write(&[0]));
    tells_its_line!(failed::<Bytes>().flush());
}

#[test]
fn groups_of_calls() {
    let _watchdog = watchdog();
    tells_its_line!(all([failed::<i64>(), spawn(|| 1)]));
    tells_its_line!(all(vec![failed::<i64>()]));
    tells_its_line!(all((failed::<i64>(), spawn(|| 'a'))));
    tells_its_line!(try_all([failed::<Result<i64, String>>()]));
    tells_its_line!(try_all((failed::<Result<i64, String>>(), spawn(|| Ok::<_, String>(1)))));
    tells_its_line!([1].into_iter().background_map(1, |_| failed::<i64>()).next());
    tells_its_line!([1].into_iter().background_map(1, |_| failed::<i64>()).unordered().next());
    tells_its_line!([1].into_iter().background_map(0, |_| failed::<i64>()));
    tells_its_line!([1].into_iter().spawn_map(0, |n| n));
    tells_its_line!(as_completed([failed::<i64>()]).next().unwrap().1.unwrap());
    tells_its_line!(scope(|scope| *scope.spawn(|| -> i64 { std::panic::panic_any("within") })));
}

#[test]
fn settings() {
    static LIMIT: Limit = Limit::new(1);
    let _watchdog = watchdog();
    tells_its_line!(LIMIT.set(0));
    tells_its_line!(background(|| ()).timeout(f64::NAN));
    tells_its_line!(background(|| ()).timeout(-1.0));
    tells_its_line!(background(|| ()).run_timeout("soon"));
}

#[test]
fn locks() {
    let _watchdog = watchdog();
    let (mutex, rwlock) = (Mutex::new(0), RwLock::new(0));
    let (_mutex, _rwlock) = (mutex.lock().unwrap(), rwlock.write().unwrap());
    tells_its_line!(drop(mutex.lock()));
    tells_its_line!(drop(rwlock.read()));
    tells_its_line!(drop(rwlock.write()));
}
