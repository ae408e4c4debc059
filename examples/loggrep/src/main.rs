//! Greps many log files, gzip'd ones too: how many lines have a text, the first three, and the three
//! words that most of them begin with. The exit code is grep's.
//!
//! `loggrep TEXT FILE..` searches. `loggrep --demo` writes logs of its own, searches them twice, once
//! with `PYBACKGROUND_MODE=sequential`, and prints both times and the speed-up.
//!
//! These lines made it concurrent; the limit is for the sake of open files:
//!
//! ```diff
//! +use pybackground::{background, value};
//!
//! +#[background(limit = 64)]
//!  fn grep(text: &str, path: &Path) -> io::Result<Hits> {
//!
//!      let found: Vec<_> = paths.iter().map(|path| grep(text, path)).collect();
//!      for (path, found) in paths.iter().zip(found) {
//! -        match found {
//! +        match value(found) {
//! ```

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::Instant;
use std::{env, process};

use flate2::{Compression, bufread::MultiGzDecoder, write::GzEncoder};
use pybackground::{background, try_all, value};

const FIRST: usize = 3;

/// What was found in a file, or in all.
#[derive(Default)]
struct Hits {
    read: usize,
    found: usize,
    first: Vec<String>,
    by_word: HashMap<String, usize>,
}

#[background(limit = 64)]
fn grep(text: &str, path: &Path) -> io::Result<Hits> {
    let mut file: Box<dyn BufRead> = Box::new(BufReader::new(File::open(path)?));
    if path.extension().is_some_and(|extension| extension == "gz") {
        file = Box::new(BufReader::new(MultiGzDecoder::new(file)));
    }
    let (mut hits, mut bytes) = (Hits::default(), Vec::new());
    while file.read_until(b'\n', &mut bytes)? > 0 {
        hits.read += 1;
        let line = String::from_utf8_lossy(&bytes);
        if line.contains(text) {
            hits.found += 1;
            if hits.found <= FIRST {
                hits.first.push(format!("{}:{}: {}", path.display(), hits.read, line.trim_end()));
            }
            let word = line.split_whitespace().next().unwrap_or_default().to_owned();
            *hits.by_word.entry(word).or_default() += 1;
        }
        bytes.clear();
    }
    Ok(hits)
}

fn search(text: &str, paths: &[PathBuf]) -> io::Result<ExitCode> {
    let (mut all, mut unread) = (Hits::default(), Vec::new());
    let found: Vec<_> = paths.iter().map(|path| grep(text, path)).collect();
    for (path, found) in paths.iter().zip(found) {
        match value(found) {
            Ok(hits) => {
                all.read += hits.read;
                all.found += hits.found;
                all.first.extend(hits.first);
                for (word, lines) in hits.by_word {
                    *all.by_word.entry(word).or_default() += lines;
                }
            }
            Err(error) => unread.push(format!("loggrep: {}: {error}\n", path.display())),
        }
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{} of {} lines, in {} files", all.found, all.read, paths.len() - unread.len())?;
    for line in all.first.iter().take(FIRST) {
        writeln!(out, "  {line}")?;
    }
    let mut by_word: Vec<_> = all.by_word.into_iter().collect();
    by_word.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    for (word, lines) in by_word.iter().take(FIRST) {
        writeln!(out, "{lines:>8}  {word}")?;
    }
    eprint!("{}", unread.concat());
    Ok(ExitCode::from(if unread.is_empty() { u8::from(all.found == 0) } else { 2 }))
}

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let outcome = match &arguments[..] {
        [demo] if demo.as_os_str() == "--demo" => demonstrate(),
        [text, paths @ ..] if !paths.is_empty() => search(&text.to_string_lossy(), paths),
        _ => Err(io::Error::other("write `loggrep TEXT FILE..` or `loggrep --demo`")),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("loggrep: {error}");
        ExitCode::from(2)
    })
}

/// The log of a server, which is the same whenever it is made; every second one is gzip'd.
#[background(limit = 64)]
fn write_log(folder: &Path, number: u64) -> io::Result<String> {
    let name = format!("access-{number:02}.log{}", if number % 2 == 0 { "" } else { ".gz" });
    let mut out: Box<dyn Write> = Box::new(BufWriter::new(File::create(folder.join(&name))?));
    if number % 2 == 1 {
        out = Box::new(GzEncoder::new(out, Compression::fast()));
    }
    let mut seed = number;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for second in 0..60_000 {
        let (clients, page, luck) = (1 + random(250), random(300), random(100));
        let (client, status) = (1 + random(clients), if luck < 3 { 500 } else { 200 });
        writeln!(out, "10.0.0.{client} [{second:05}] \"GET /page/{page} HTTP/1.1\" {status}")?;
    }
    out.flush()?;
    Ok(name)
}

fn demonstrate() -> io::Result<ExitCode> {
    let folder = env::temp_dir().join(format!("loggrep-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let names = try_all((0..48).map(|number| write_log(&folder, number)))?;
    let run = |mode: &str| -> io::Result<(Output, f64)> {
        let (start, mut program) = (Instant::now(), Command::new(env::current_exe()?));
        program.current_dir(&folder).env("PYBACKGROUND_MODE", mode).arg(" 500").args(&names);
        Ok((program.output()?, start.elapsed().as_secs_f64()))
    };
    let ((before, sequential), (after, parallel)) = (run("sequential")?, run("parallel")?);
    fs::remove_dir_all(&folder)?;
    assert_eq!(before, after, "both find the same");
    print!("{}", String::from_utf8_lossy(&after.stdout));
    println!("one after the other: {sequential:.3} s, in the background: {parallel:.3} s");
    println!("speed-up: {:.2}", sequential / parallel);
    Ok(ExitCode::SUCCESS)
}
