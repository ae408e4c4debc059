//! A batch of SQL queries on one database file: a connection for each thread, a bounded number of queries at once.
//!
//! A connection of sqlite is used by one thread at a time. Bodies run on the threads of the library, so a
//! thread-local connection is opened once for each of them and used by every query that runs there.
//!
//! Run with `cargo run --release -p sql_batch`.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;
use std::{env, fs, process, thread};

use pybackground::{BackgroundIterator, background};
use rusqlite::{Connection, OpenFlags, Result};

const SHOPS: u32 = 200;
const SALES: u32 = 40_000;
const AT_ONCE: usize = 4;

static DATABASE: OnceLock<PathBuf> = OnceLock::new();

thread_local! {
    static CONNECTION: OnceCell<Connection> = const { OnceCell::new() };
}

/// Gives `query` the connection of this thread.
fn with_connection<T>(query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    CONNECTION.with(|cell| {
        if let Some(connection) = cell.get() {
            return query(connection);
        }
        let opened = open(DATABASE.get().expect("the database is made first"))?;
        query(cell.get_or_init(|| opened))
    })
}

fn open(path: &Path) -> Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// The sales of a shop. The body must not wait for a background call while it has the connection: another query
/// may run on top of it.
#[background]
fn turnover(shop: u32) -> Result<u64> {
    with_connection(|connection| query(connection, shop))
}

fn query(connection: &Connection, shop: u32) -> Result<u64> {
    let mut sum = connection.prepare_cached("SELECT sum(price) FROM sale WHERE shop = ?1")?;
    sum.query_row([shop], |row| row.get(0))
}

fn main() -> Result<()> {
    let path = env::temp_dir().join(format!("sql_batch-{}.sqlite", process::id()));
    fill(&path)?;
    DATABASE.get_or_init(|| path.clone());

    let start = Instant::now();
    let turnovers = (0..SHOPS).background_map(AT_ONCE, turnover).collect::<Result<Vec<u64>>>()?;
    println!("{SHOPS} shops, {} in all", turnovers.iter().sum::<u64>());
    println!("# by background calls: {:.2?}", start.elapsed());

    let start = Instant::now();
    assert_eq!(turnovers_by_threads(&path)?, turnovers);
    println!("# by {AT_ONCE} threads: {:.2?}", start.elapsed());
    let _ = fs::remove_file(path);
    Ok(())
}

/// The same with threads.
fn turnovers_by_threads(path: &Path) -> Result<Vec<u64>> {
    let next = Mutex::new(0..SHOPS);
    let turnovers = Mutex::new(vec![0; SHOPS as usize]);
    thread::scope(|scope| {
        let work = || -> Result<()> {
            let connection = open(path)?;
            loop {
                let Some(shop) = next.lock().unwrap().next() else { return Ok(()) };
                let turnover = query(&connection, shop)?;
                turnovers.lock().unwrap()[shop as usize] = turnover;
            }
        };
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })?;
    Ok(turnovers.into_inner().unwrap())
}

fn fill(path: &Path) -> Result<()> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch("CREATE TABLE sale (shop INTEGER, price INTEGER)")?;
    let sales = connection.transaction()?;
    {
        let mut insert = sales.prepare("INSERT INTO sale VALUES (?1, ?2)")?;
        for sale in 0..SALES {
            insert.execute([sale % SHOPS, sale % 97])?;
        }
    }
    sales.commit()
}
