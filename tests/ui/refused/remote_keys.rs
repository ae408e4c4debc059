use pybackground::background;

#[background(remote = "nats://box")]
fn remote_with_value() {}

#[background(remote, process)]
fn remote_and_process() {}

#[background(remote, compute)]
fn remote_and_compute() {}

#[background(remote)]
async fn remote_and_async() {}

#[background(remote, retry = 101)]
fn too_many_retries() {}

#[background(remote, retry = -1)]
fn negative_retries() {}

#[background(remote, retry)]
fn retry_without_value() {}

#[background(retry = 3)]
fn retry_without_remote() {}

#[background(process, queue = "gpu")]
fn queue_without_remote() {}

#[background(remote, queue = "GPU")]
fn queue_in_capitals() {}

#[background(remote, queue = "")]
fn queue_without_name() {}

#[background(remote)]
fn mutable(text: &mut String) {}

fn main() {}
