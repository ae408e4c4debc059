use pybackground::background;

#[background(compute)]
async fn function() {}

fn main() {
    function();
}
