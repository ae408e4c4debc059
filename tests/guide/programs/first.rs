use pybackground::background;

#[background]
fn very_slow_task(arg: i32) -> i32 {
    std::thread::sleep(std::time::Duration::from_secs(5)); // or download a page
    arg
}

fn main() {
    let (x, y, z) = (very_slow_task(1), very_slow_task(2), very_slow_task(3));
    println!("{z} {y} {x}"); // prints 3 2 1, after 5 seconds, not 15
}
