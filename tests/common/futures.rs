//! Just enough of an executor.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Gives way once: whoever polls is told to come again.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A number that is said once, and awaited once.
#[derive(Clone, Default)]
pub(crate) struct Word(Arc<Mutex<(Option<u64>, Option<Waker>)>>);

impl Word {
    pub(crate) fn say(&self, number: u64) {
        let waker = {
            let (said, waker) = &mut *self.0.lock().unwrap();
            *said = Some(number);
            waker.take()
        };
        waker.inspect(Waker::wake_by_ref);
    }

    pub(crate) async fn heard(self) -> u64 {
        poll_fn(|context| {
            let (said, waker) = &mut *self.0.lock().unwrap();
            *waker = Some(context.waker().clone());
            said.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// Waits on this thread for what `future` comes to.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
