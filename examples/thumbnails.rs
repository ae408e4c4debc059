//! Thumbnails of a folder of pictures: a bounded number is in memory at once, however many there are.
//!
//! It makes a folder of pictures first, in the format PPM, which needs no library. Then it scales each down, by a
//! bounded map and by threads written by hand.
//!
//! Run with `cargo run --release --example thumbnails`.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;
use std::{fs, thread};

use pybackground::BackgroundIterator;

const PICTURES: usize = 48;
const SIDE: usize = 600;
/// So many pixels of a picture, in each direction, become one.
const SCALE: usize = 6;

struct Picture {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

/// Reads a picture and writes its thumbnail beside it; returns the bytes of the thumbnail.
fn thumbnail(path: &Path) -> io::Result<u64> {
    let small = Picture::read(path)?.scaled_down();
    let path = path.with_extension("small.ppm");
    small.write(&path)?;
    Ok(fs::metadata(path)?.len())
}

fn all_thumbnails(pictures: &[PathBuf], at_once: usize) -> io::Result<u64> {
    pictures.iter().cloned().spawn_map(at_once, |picture| thumbnail(&picture)).sum()
}

fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("thumbnails-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let pictures: Vec<PathBuf> =
        (0..PICTURES).map(|number| folder.join(format!("{number}.ppm"))).collect();
    pictures
        .iter()
        .cloned()
        .spawn_map(8, |path| Picture::drawn().write(&path))
        .collect::<io::Result<()>>()?;

    let at_once = thread::available_parallelism()?.get();
    let start = Instant::now();
    let bytes = all_thumbnails(&pictures, at_once)?;
    println!("{PICTURES} thumbnails, {bytes} bytes");
    println!("# by a bounded map: {:.2?}", start.elapsed());

    let start = Instant::now();
    assert_eq!(all_thumbnails_by_threads(&pictures, at_once)?, bytes);
    println!("# by {at_once} threads: {:.2?}", start.elapsed());
    fs::remove_dir_all(folder)
}

/// The same with threads.
fn all_thumbnails_by_threads(pictures: &[PathBuf], at_once: usize) -> io::Result<u64> {
    let (left, bytes) = (Mutex::new(pictures.iter()), Mutex::new(Ok(0)));
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().next();
                    let Some(picture) = next else { return };
                    let made = thumbnail(picture);
                    let mut bytes = bytes.lock().unwrap();
                    match (&mut *bytes, made) {
                        (Ok(sum), Ok(more)) => *sum += more,
                        (Ok(_), Err(error)) => *bytes = Err(error),
                        (Err(_), _) => return,
                    }
                }
            });
        }
    });
    bytes.into_inner().unwrap()
}

impl Picture {
    /// A picture with some structure.
    fn drawn() -> Self {
        let pixel = |at: usize| {
            let (x, y) = (at % SIDE, at / SIDE);
            [x * y, x ^ y, x + y].map(|colour| u8::try_from(colour % 256).unwrap_or(0))
        };
        Self { width: SIDE, pixels: (0..SIDE * SIDE).map(pixel).collect() }
    }

    /// A picture whose pixels are the means of squares of this one.
    fn scaled_down(&self) -> Self {
        let width = self.width / SCALE;
        let height = self.pixels.len() / self.width / SCALE;
        let mean = |at: usize| {
            let (left, top) = (at % width * SCALE, at / width * SCALE);
            let mut sums = [0_usize; 3];
            for row in self.pixels.chunks(self.width).skip(top).take(SCALE) {
                for pixel in &row[left..left + SCALE] {
                    sums.iter_mut()
                        .zip(pixel)
                        .for_each(|(sum, colour)| *sum += usize::from(*colour));
                }
            }
            sums.map(|sum| u8::try_from(sum / (SCALE * SCALE)).unwrap_or(u8::MAX))
        };
        Self { width, pixels: (0..width * height).map(mean).collect() }
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        fs::File::open(path)?.read_to_end(&mut bytes)?;
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "no PPM picture");
        let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
        let mut line = || lines.next().ok_or_else(damaged);
        let (format, size, _, pixels) = (line()?, line()?, line()?, line()?);
        let size =
            std::str::from_utf8(size).ok().filter(|_| format == b"P6").ok_or_else(damaged)?;
        let width = size.split(' ').next().and_then(|width| width.parse().ok());
        let pixels = pixels.as_chunks().0.to_vec();
        Ok(Self { width: width.filter(|width| *width > 0).ok_or_else(damaged)?, pixels })
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = io::BufWriter::new(fs::File::create(path)?);
        write!(file, "P6\n{} {}\n255\n", self.width, self.pixels.len() / self.width)?;
        file.write_all(self.pixels.as_flattened())?;
        file.flush()
    }
}
