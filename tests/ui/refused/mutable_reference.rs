use pybackground::background;

#[background]
fn fill(list: &mut Vec<u8>, named: &'static mut u8, buffer: &mut [u8]) {
    list.push(*named);
    buffer.fill(0);
}

fn main() {
    fill(&mut vec![], Box::leak(Box::new(1)), &mut []);
}
