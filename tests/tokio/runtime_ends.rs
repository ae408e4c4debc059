//! A tokio runtime that ends while bodies wait for it: each of them ends too, and says why.

#[path = "../common/mod.rs"]
mod common;

use std::io;
use std::time::Duration;

use common::{wait_until, watchdog};
use pybackground::{Error, Lazy, background};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

#[background]
async fn sleep_for_an_hour() {
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

#[background]
async fn read_from(stream: TcpStream) -> io::Result<usize> {
    stream.async_io(Interest::READABLE, || stream.try_read(&mut [0; 16])).await
}

#[background]
async fn wait_for_a_task() -> Result<(), tokio::task::JoinError> {
    tokio::spawn(std::future::pending::<()>()).await
}

/// Waits until so many bodies wait for the runtime.
fn until_suspended(count: usize) {
    wait_until(|| pybackground::snapshot().suspended == count);
}

fn bodies_end_with(runtime: Runtime) {
    const EACH: usize = 20;
    let entered = runtime.enter();
    let sleeps: Vec<Lazy<()>> = (0..EACH).map(|_| sleep_for_an_hour()).collect();
    let tasks: Vec<Lazy<_>> = (0..EACH).map(|_| wait_for_a_task()).collect();
    let (streams, servers): (Vec<_>, Vec<_>) = runtime
        .block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let mut pairs = Vec::new();
            for _ in 0..EACH {
                let stream = TcpStream::connect(listener.local_addr()?).await?;
                pairs.push((stream, listener.accept().await?.0));
            }
            io::Result::Ok(pairs)
        })
        .unwrap()
        .into_iter()
        .unzip();
    let reads: Vec<Lazy<io::Result<usize>>> = streams.into_iter().map(read_from).collect();
    until_suspended(3 * EACH);
    drop(entered);
    drop(runtime);

    for sleep in sleeps {
        let error: Error = Lazy::join(sleep).unwrap_err();
        assert!(error.is_panic(), "{error}");
        assert!(error.message().unwrap().contains("shut"), "{error}");
        assert!(error.function().ends_with("sleep_for_an_hour"));
    }
    for task in tasks {
        assert!(task.as_ref().unwrap_err().is_cancelled());
    }
    for read in reads {
        assert!(read.is_err(), "{read:?}");
    }
    drop(servers);
    pybackground::wait_idle(Duration::MAX).unwrap();
}

/// One after the other: they count what is suspended in the process.
#[test]
fn bodies_end_with_the_runtime_that_they_wait_for() {
    let _watchdog = watchdog();
    bodies_end_with(Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
    bodies_end_with(Builder::new_current_thread().enable_all().build().unwrap());
}

/// A call that is made in the context of a runtime which has ended runs all the same.
#[test]
fn a_context_outlives_its_runtime() {
    let _watchdog = watchdog();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let _entered = handle.enter();
    assert_eq!(pybackground::spawn(|| 7), 7);
    let error = Lazy::join(sleep_for_an_hour()).unwrap_err();
    assert!(error.is_panic(), "{error}");
}
