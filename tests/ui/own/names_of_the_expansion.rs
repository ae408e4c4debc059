use pybackground::background;

#[derive(Clone)]
struct Type;

impl Type {
    #[background(limit = 1)]
    fn method(&self, _: u8) {
        let _ = (__pybackground_self, __pybackground_arg1, LIMIT, __PYBACKGROUND_LIMIT);
    }

    #[background]
    async fn asynchronous(self) {
        __pybackground_result
    }
}

fn main() {}
