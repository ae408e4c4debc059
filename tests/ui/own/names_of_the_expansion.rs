use pybackground::background;

#[derive(Clone)]
struct Type;

impl Type {
    #[background(limit = 1)]
    fn method(&self, _: u8) {
        let _ = (__self, __arg0, __arg1, arg1, LIMIT);
    }

    #[background]
    async fn asynchronous(self) {
        __result
    }
}

fn main() {}
