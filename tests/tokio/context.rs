//! Bodies run in the tokio context of their call, on the threads of this library.

#[path = "../common/mod.rs"]
mod common;

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::watchdog;
use pybackground::{Lazy, background, delay, scope, spawn};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, Id, Runtime};
use tokio::sync::oneshot;

/// Sends a text that fits into any buffer.
async fn send(stream: &TcpStream, text: &str) -> io::Result<()> {
    let sent = stream.async_io(Interest::WRITABLE, || stream.try_write(text.as_bytes())).await?;
    assert_eq!(sent, text.len());
    Ok(())
}

async fn receive(stream: &TcpStream) -> io::Result<String> {
    let mut text = [0; 64];
    let length = stream.async_io(Interest::READABLE, || stream.try_read(&mut text)).await?;
    Ok(String::from_utf8_lossy(&text[..length]).into_owned())
}

/// Serves until its runtime ends.
async fn start_echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                while let Ok(text) = receive(&stream).await
                    && !text.is_empty()
                {
                    send(&stream, &text).await?;
                }
                io::Result::Ok(())
            });
        }
    });
    address
}

/// Uses the network and the clock of tokio, and another call.
#[background]
async fn echo(address: SocketAddr, text: &str) -> io::Result<String> {
    assert!(std::thread::current().name().unwrap().starts_with("background-"));
    let stream = TcpStream::connect(address).await?;
    send(&stream, text).await?;
    tokio::time::sleep(Duration::from_millis(1)).await;
    Ok(uppercase(receive(&stream).await?).await)
}

#[background]
fn uppercase(text: String) -> String {
    text.to_uppercase()
}

async fn echo_often() {
    let address = start_echo_server().await;
    let answers: Vec<Lazy<io::Result<String>>> =
        (0..200).map(|number| echo(address, &format!("text {number}"))).collect();
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.await.unwrap(), format!("TEXT {number}"));
    }
}

#[tokio::test]
async fn bodies_use_the_network_of_a_runtime_with_one_thread() {
    let _watchdog = watchdog();
    echo_often().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_use_the_network_of_a_runtime_with_many_threads() {
    let _watchdog = watchdog();
    echo_often().await;
}

#[tokio::test]
async fn a_call_is_one_branch_of_a_select() {
    let _watchdog = watchdog();
    let (release, held) = mpsc::channel();
    let mut slow = spawn(move || held.recv().unwrap());
    let mut ticks = 0;
    let value = loop {
        tokio::select! {
            value = &mut slow => break value,
            () = tokio::time::sleep(Duration::from_millis(1)) => {
                ticks += 1;
                if ticks == 3 {
                    release.send(7).unwrap();
                }
            }
        }
    };
    assert_eq!(value, 7);
    assert!(ticks >= 3);

    let endless = spawn(|| pybackground::sleep(Duration::MAX));
    let given_up = tokio::time::timeout(Duration::from_millis(1), Lazy::cancel_on_drop(endless));
    assert!(given_up.await.is_err());
}

#[background]
fn in_a_plain_body(number: u32) -> u32 {
    let double = tokio::spawn(async move { 2 * number });
    Handle::current().block_on(async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        double.await.unwrap()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_bodies_have_the_context_too() {
    let _watchdog = watchdog();
    let doubles: Vec<Lazy<u32>> = (0..20).map(in_a_plain_body).collect();
    for (number, double) in (0..).zip(doubles) {
        assert_eq!(double.await, 2 * number);
    }
    assert_eq!(background(in_a_plain_body)(4).await.await, 8);
}

fn runtime_of_this_thread() -> Option<Id> {
    Handle::try_current().ok().map(|handle| handle.id())
}

#[background]
fn runtime_of_the_body() -> Option<Id> {
    runtime_of_this_thread()
}

#[background]
async fn runtime_of_a_call_in_the_body() -> Option<Id> {
    delay(Duration::from_millis(1)).await;
    runtime_of_the_body().await
}

#[test]
fn each_call_has_the_context_of_the_place_where_it_is_made() {
    let _watchdog = watchdog();
    let runtimes: Vec<Runtime> =
        (0..3).map(|_| Builder::new_multi_thread().worker_threads(1).build().unwrap()).collect();
    for _ in 0..50 {
        let mut calls: Vec<(Option<Id>, Lazy<Option<Id>>)> = Vec::new();
        for runtime in &runtimes {
            let entered = runtime.enter();
            let here = runtime_of_this_thread();
            assert!(here.is_some());
            calls.push((here, runtime_of_the_body()));
            calls.push((here, runtime_of_a_call_in_the_body()));
            drop(entered);
            calls.push((None, runtime_of_the_body()));
            calls.push((None, runtime_of_a_call_in_the_body()));
        }
        for (expected, call) in calls {
            assert_eq!(Lazy::into_inner(call), expected);
        }
    }
}

#[test]
fn closures_of_a_scope_have_the_context_of_the_place_where_they_are_spawned() {
    let _watchdog = watchdog();
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let here = Some(runtime.handle().id());
    let (tell, told) = mpsc::channel();
    scope(|s| {
        assert_eq!(s.spawn(runtime_of_this_thread), None);
        let _entered = runtime.enter();
        assert_eq!(s.spawn(runtime_of_this_thread), here);
        assert_eq!(s.spawn(|| *s.spawn(runtime_of_this_thread)), here);
        assert_eq!(s.spawn(|| *runtime_of_the_body()), here);
        let tell = Tell(tell);
        Lazy::cancel(&s.spawn(move || drop(tell)));
    });
    assert_eq!(told.recv().unwrap(), here);
}

/// Tells in which runtime it is dropped.
struct Tell(mpsc::Sender<Option<Id>>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.send(runtime_of_this_thread()).unwrap();
    }
}

#[background]
async fn never_ends(_tell: Tell, started: oneshot::Sender<()>) {
    started.send(()).unwrap();
    std::future::pending::<()>().await;
}

#[test]
fn a_body_that_is_dropped_is_dropped_in_its_context() {
    let _watchdog = watchdog();
    let runtime = Builder::new_current_thread().build().unwrap();
    let (tell, told) = mpsc::channel();
    let (start, started) = oneshot::channel();
    let call = {
        let _entered = runtime.enter();
        never_ends(Tell(tell), start)
    };
    runtime.block_on(started).unwrap();
    assert!(Lazy::cancel(&call));
    assert!(Lazy::join(call).unwrap_err().is_cancelled());
    assert_eq!(told.recv().unwrap(), Some(runtime.handle().id()));
}

#[tokio::test]
async fn many_bodies_sleep_by_the_clock_of_tokio() {
    #[background]
    async fn nap(time: Duration) -> Instant {
        tokio::time::sleep(time).await;
        Instant::now()
    }
    let _watchdog = watchdog();
    let start = Instant::now();
    let time = Duration::from_millis(20);
    let naps: Vec<Lazy<Instant>> = (0..1_000).map(|_| nap(time)).collect();
    for nap in naps {
        assert!(nap.await - start >= time);
    }
}
