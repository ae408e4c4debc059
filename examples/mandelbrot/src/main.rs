//! Draws a part of the Mandelbrot set, one background call a row.
//!
//! ```text
//! mandelbrot [FILE]
//! ```
//!
//! `cargo run --release -p mandelbrot` computes the picture twice, on one thread and in the background,
//! prints both times and the speed-up, and writes `mandelbrot.png` or the file that is named.
//!
//! A point `c` is in the set if `z² + c`, begun with `z = 0` and repeated, stays bounded. How soon it
//! leaves gives the colour, and makes some rows several times as dear as others. So nobody deals the
//! rows out to threads beforehand: each is a call, and whoever has finished one takes the next.

use std::error::Error;
use std::f64::consts::TAU;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Instant;

use pybackground::{all, background};

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 800;
/// Where the middle of the picture is, and how far it is from there to the left edge.
const CENTRE: (f64, f64) = (-0.743_5, 0.131_4);
const REACH: f64 = 0.004;
/// Who has not left by then is taken to be in the set.
const MOST_STEPS: u32 = 2000;
/// A pixel is the mean of as many points in each direction.
const SAMPLES: u32 = 2;

#[derive(PartialEq)]
struct Row {
    /// Red, green and blue of each pixel.
    pixels: Vec<u8>,
    /// What the row cost.
    steps: u64,
}

/// The call. `compute` says that the body keeps a processor busy and waits for nothing.
#[background(compute)]
fn row_in_background(y: u32) -> Row {
    row(y)
}

fn row(y: u32) -> Row {
    let mut row = Row { pixels: Vec::with_capacity(3 * WIDTH as usize), steps: 0 };
    for x in 0..WIDTH {
        let mut sum = [0.0; 3];
        for sample in 0..SAMPLES * SAMPLES {
            let (steps, speed) = leave(point(x, y, sample));
            row.steps += u64::from(steps);
            let colour = speed.map_or([0.0; 3], colour);
            sum = [0, 1, 2].map(|channel| sum[channel] + colour[channel]);
        }
        row.pixels.extend(sum.map(|light| byte(light / f64::from(SAMPLES * SAMPLES))));
    }
    row
}

/// Where in the plane a sample of a pixel is.
fn point(x: u32, y: u32, sample: u32) -> (f64, f64) {
    let from_middle = |pixel: u32, part: u32, size: u32| {
        f64::from(pixel) + f64::from(part) / f64::from(SAMPLES) - f64::from(size) / 2.0
    };
    let scale = 2.0 * REACH / f64::from(WIDTH);
    (
        CENTRE.0 + scale * from_middle(x, sample % SAMPLES, WIDTH),
        CENTRE.1 - scale * from_middle(y, sample / SAMPLES, HEIGHT),
    )
}

/// How many steps it takes from 0 until it is sure to leave, and the same without the jumps from one
/// whole number to the next; `None` if it stays.
fn leave((x, y): (f64, f64)) -> (u32, Option<f64>) {
    const FAR: f64 = 256.0;
    let (mut re, mut im) = (0.0, 0.0);
    for step in 1..=MOST_STEPS {
        let (re2, im2) = (re * re, im * im);
        if re2 + im2 > FAR * FAR {
            let beyond = (re2 + im2).ln() / (2.0 * FAR.ln());
            return (step, Some(f64::from(step) - beyond.log2()));
        }
        (re, im) = (re2 - im2 + x, 2.0 * re * im + y);
    }
    (MOST_STEPS, None)
}

/// Three waves, a little apart: the colours come back ever more slowly towards the set.
fn colour(steps: f64) -> [f64; 3] {
    let turn = steps.ln() * 0.9;
    [0.45, 0.56, 0.68].map(|phase| 0.5 - 0.5 * (TAU * (turn + phase)).cos())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 1")]
fn byte(light: f64) -> u8 {
    (255.0 * light).round() as u8
}

fn write_png(path: &Path, rows: &[Row]) -> Result<u64, Box<dyn Error>> {
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = rows.iter().flat_map(|row| &row.pixels).copied().collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(fs::metadata(path)?.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).unwrap_or_else(|| "mandelbrot.png".into());

    let start = Instant::now();
    let on_one_thread: Vec<Row> = (0..HEIGHT).map(row).collect();
    let one_thread = start.elapsed().as_secs_f64();

    let start = Instant::now();
    // Every call is made before the first result is asked for: that is what makes them concurrent.
    let rows: Vec<Row> = all((0..HEIGHT).map(row_in_background));
    let in_background = start.elapsed().as_secs_f64();
    assert!(rows == on_one_thread, "both ways give the same picture");

    let steps = || rows.iter().map(|row| row.steps);
    println!("picture:           {WIDTH} × {HEIGHT}, {} points a pixel", SAMPLES * SAMPLES);
    println!("steps:             {}", steps().sum::<u64>());
    println!("steps of a row:    {} to {}", steps().min().unwrap_or(0), steps().max().unwrap_or(0));
    println!("on one thread:     {one_thread:.3} s");
    println!("in the background: {in_background:.3} s, on {} processors", available_parallelism()?);
    println!("speed-up:          {:.2}", one_thread / in_background);
    println!("{}: {} bytes", Path::new(&file).display(), write_png(Path::new(&file), &rows)?);
    Ok(())
}
