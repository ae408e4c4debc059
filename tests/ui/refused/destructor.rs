use pybackground::background;

struct Connection;

impl Connection {
    fn close(&mut self) {}
}

impl Drop for Connection {
    #[background]
    fn drop(&mut self) {
        self.close();
    }
}

struct Request;

impl Drop for Request {
    #[background(timeout = 1)]
    async fn drop(&mut self) {}
}

fn main() {
    drop((Connection, Request));
}
