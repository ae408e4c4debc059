//! The two ways across the bridge between async code and this library.
//!
//! - A server on tokio's *one* thread answers what takes long to compute. Its handlers `.await` a
//!   background call, so that the thread goes on serving, and ticking, meanwhile.
//! - The clients are background calls themselves: `async fn`s that hold no thread while they wait for
//!   tokio's network and clock. A function that is not async at all asks one of them, and waits as it
//!   would for any value.
//!
//! ```text
//! cargo run --release -p async_bridge
//! ```

mod lines;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use pybackground::{Lazy, background};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, interval, timeout};

const NUMBERS: [u64; 6] =
    [2_147_483_647, 4_294_967_297, 1_000_000_016_000_000_063, 999_999_999_989, 720_720, 97];

/// The smallest factor, by trial division: the work that would hold up everything else on its thread.
#[background(compute)]
fn smallest_factor(number: u64) -> u64 {
    let odd = (3..).step_by(2).take_while(|n| n * n <= number);
    [2].into_iter().chain(odd).find(|n| number.is_multiple_of(*n)).unwrap_or(number)
}

/// Answers a line of a number.
async fn answer(stream: TcpStream) -> io::Result<()> {
    let line = lines::receive(&stream).await?;
    let reply = match line.parse() {
        Ok(number) => match smallest_factor(number).await {
            factor if factor == number => format!("{number} is prime"),
            factor => format!("{number} = {factor} × {}", number / factor),
        },
        Err(error) => format!("{line:?} is no number: {error}"),
    };
    lines::send(&stream, &reply).await
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(answer(stream));
    }
}

/// Asks the server, and gives up after a while.
#[background]
async fn ask(server: SocketAddr, question: &str) -> io::Result<String> {
    let conversation = async {
        let stream = TcpStream::connect(server).await?;
        lines::send(&stream, question).await?;
        lines::receive(&stream).await
    };
    timeout(Duration::from_secs(60), conversation).await?
}

/// No async here: it uses what it is given.
#[background]
fn count_primes(replies: Vec<Lazy<io::Result<String>>>) -> io::Result<usize> {
    let mut primes = 0;
    for reply in replies {
        let reply = Lazy::into_inner(reply)?;
        println!("{reply}");
        primes += usize::from(reply.ends_with("is prime"));
    }
    Ok(primes)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?;
    tokio::spawn(serve(listener));

    let start = Instant::now();
    let replies = NUMBERS.map(|number| ask(server, &number.to_string()));
    let mut primes = count_primes(replies.into());
    let mut clock = interval(Duration::from_millis(10));
    let mut ticks = 0;
    let primes = loop {
        tokio::select! {
            primes = &mut primes => break primes?,
            _ = clock.tick() => ticks += 1,
        }
    };
    println!("{primes} of them are prime");
    println!("{}", ask(server, "twelve").await?);
    println!("# {ticks} ticks in {:?}: the thread of the server was free", start.elapsed());
    Ok(())
}
