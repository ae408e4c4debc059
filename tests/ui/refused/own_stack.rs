use pybackground::background;

#[background(own_stack = true)]
fn with_value() {}

#[background(own_stack, own_stack)]
fn twice() {}

#[background(compute, own_stack)]
fn with_compute() {}

#[background(process, own_stack)]
fn with_process() {}

#[background(remote, own_stack)]
fn with_remote() {}

trait Declares {
    #[background(own_stack)]
    fn declared(&self);
}

fn main() {}
