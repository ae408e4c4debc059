use pybackground::background;

#[background(timeout = -1.0, tries = 3)]
const fn several(list: &mut Vec<u8>, text: Option<u8>) -> &str {
    ""
}

// A function that was refused still exists: its callers are not reported as well.
fn main() {
    let call = several(&mut vec![], None);
    let _: &pybackground::Lazy<&str> = &call;
}
