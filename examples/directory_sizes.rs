//! The sizes of folders, as `du` prints them: each folder is a call, which makes the calls of the folders in it.
//!
//! Run with `cargo run --release --example directory_sizes -- FOLDER`; without one it looks at this checkout.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs, io, thread};

use pybackground::{background, try_all};

/// The bytes of all files below a folder.
#[background]
fn size(folder: &Path) -> io::Result<u64> {
    let (files, folders) = entries(folder)?;
    let sizes = try_all(folders.iter().map(|folder| size(folder)))?; // or the first error, at once
    Ok(files + sizes.iter().sum::<u64>())
}

fn main() -> io::Result<()> {
    let root = env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let start = Instant::now();
    let (files, mut folders) = entries(&root)?;
    folders.sort();
    let sizes = try_all(folders.iter().map(|folder| size(folder)))?;
    for (folder, size) in folders.iter().zip(&sizes) {
        println!("{size:>12} {}", folder.display());
    }
    let total = files + sizes.iter().sum::<u64>();
    println!("{total:>12} {}", root.display());
    println!("# by background calls: {:.2?}", start.elapsed());

    let start = Instant::now();
    assert_eq!(size_by_threads(&root)?, total, "the folder has changed meanwhile");
    println!("# by a thread for each folder: {:.2?}", start.elapsed());
    Ok(())
}

/// The same with threads.
fn size_by_threads(folder: &Path) -> io::Result<u64> {
    let (files, folders) = entries(folder)?;
    thread::scope(|scope| {
        let threads: Vec<_> =
            folders.iter().map(|folder| scope.spawn(|| size_by_threads(folder))).collect();
        threads
            .into_iter()
            .try_fold(files, |sum, thread| Ok(sum + thread.join().expect("it does not panic")?))
    })
}

/// The bytes of the files in a folder, and the folders in it. Links are not followed.
fn entries(folder: &Path) -> io::Result<(u64, Vec<PathBuf>)> {
    let (mut files, mut folders) = (0, Vec::new());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push(entry.path());
        } else if kind.is_file() {
            files += entry.metadata()?.len();
        }
    }
    Ok((files, folders))
}
