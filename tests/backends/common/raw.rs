//! A client of the server in a few lines, which may send whatever it likes.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

/// A connection.
pub(crate) struct Raw {
    stream: BufReader<TcpStream>,
    messages: VecDeque<Message>,
    subscriptions: u32,
}

/// A message, with its headers as they came.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) reply: Option<String>,
    pub(crate) headers: usize,
    pub(crate) content: Vec<u8>,
}

impl Message {
    /// The headers, as they came.
    pub(crate) fn headers(&self) -> &str {
        std::str::from_utf8(&self.content[..self.headers]).unwrap()
    }

    /// What follows the headers.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.content[self.headers..]
    }
}

impl Raw {
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let mut raw =
            Self { stream: BufReader::new(stream), messages: VecDeque::new(), subscriptions: 0 };
        raw.write(b"CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n");
        raw.flush();
        raw
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    pub(crate) fn subscribe(&mut self, subject: &str) {
        self.subscriptions += 1;
        self.write(format!("SUB {subject} {}\r\n", self.subscriptions).as_bytes());
        self.flush();
    }

    pub(crate) fn publish(&mut self, subject: &str, reply: Option<&str>, content: &[u8]) {
        let reply = reply.map(|reply| format!("{reply} ")).unwrap_or_default();
        self.write(format!("PUB {subject} {reply}{}\r\n", content.len()).as_bytes());
        self.write(content);
        self.write(b"\r\n");
    }

    /// Waits until the server has taken all that was sent.
    pub(crate) fn flush(&mut self) {
        self.write(b"PING\r\n");
        while !self.read() {}
    }

    /// Waits for a message that `is_wanted`; drops those before.
    pub(crate) fn wait_for(&mut self, is_wanted: impl Fn(&Message) -> bool) -> Message {
        loop {
            while let Some(message) = self.messages.pop_front() {
                if is_wanted(&message) {
                    return message;
                }
            }
            self.read();
        }
    }

    /// Returns all messages that have come.
    pub(crate) fn received(&mut self) -> Vec<Message> {
        self.flush();
        self.messages.drain(..).collect()
    }

    /// Reads a line, and a message if it begins one. `true` for the answer to a ping.
    fn read(&mut self) -> bool {
        let mut line = String::new();
        assert!(self.stream.read_line(&mut line).unwrap() > 0, "the server closed the connection");
        let words: Vec<&str> = line.split_whitespace().collect();
        match *words.first().unwrap_or(&"") {
            "PONG" => return true,
            "PING" => self.write(b"PONG\r\n"),
            kind @ ("MSG" | "HMSG") => {
                let numbers = if kind == "MSG" { 1 } else { 2 };
                let sizes = &words[words.len() - numbers..];
                let size: usize = sizes[numbers - 1].parse().unwrap();
                let headers = if numbers == 2 { sizes[0].parse().unwrap() } else { 0 };
                let reply = (words.len() - numbers > 3).then(|| words[3].to_owned());
                let mut content = vec![0; size + 2];
                self.stream.read_exact(&mut content).unwrap();
                content.truncate(size);
                let subject = words[1].to_owned();
                self.messages.push_back(Message { subject, reply, headers, content });
            }
            "-ERR" => panic!("{line}"),
            _ => {}
        }
        false
    }
}
