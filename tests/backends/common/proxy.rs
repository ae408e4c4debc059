//! A connection that a test can cut: it stands between this program and the server.

use std::io::copy;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

#[derive(Default)]
struct Shared {
    is_cut: Mutex<bool>,
    changed: Condvar,
    open: Mutex<Vec<TcpStream>>,
}

/// Passes connections on to a port, while it is not cut.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        let accepting = shared.clone();
        thread::spawn(move || {
            for inner in listener.incoming() {
                let inner = inner.unwrap();
                let mut is_cut = accepting.is_cut.lock().unwrap();
                while *is_cut {
                    is_cut = accepting.changed.wait(is_cut).unwrap();
                }
                let outer = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).unwrap();
                accepting
                    .open
                    .lock()
                    .unwrap()
                    .extend([inner.try_clone().unwrap(), outer.try_clone().unwrap()]);
                pass(inner.try_clone().unwrap(), outer.try_clone().unwrap());
                pass(outer, inner);
            }
        });
        Self { port, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Closes all connections, and holds new ones back.
    pub(crate) fn cut(&self) {
        *self.shared.is_cut.lock().unwrap() = true;
        for stream in self.shared.open.lock().unwrap().drain(..) {
            // It may be closed.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections pass again.
    pub(crate) fn restore(&self) {
        *self.shared.is_cut.lock().unwrap() = false;
        self.shared.changed.notify_all();
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        // The end of either is the end of both.
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
