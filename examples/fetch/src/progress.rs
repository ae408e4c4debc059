//! How many pages have come.

use std::io::{self, IsTerminal, Stderr, Write};

/// Back to the beginning of the line, of which nothing is left.
const ERASE: &str = "\r\x1b[K";

/// A line on the terminal that is written over.
pub(crate) struct Progress<W = Stderr> {
    terminal: Option<W>,
    pages: usize,
}

impl Progress {
    /// On standard error, or nowhere if that is no terminal.
    pub(crate) fn on_terminal(pages: usize) -> Self {
        let stderr = io::stderr();
        Self { terminal: stderr.is_terminal().then_some(stderr), pages }
    }
}

impl<W: Write> Progress<W> {
    /// Tells how many pages have come, if `to_come` have not.
    pub(crate) fn show(&mut self, to_come: usize) -> io::Result<()> {
        let Self { terminal, pages } = self;
        let Some(terminal) = terminal else { return Ok(()) };
        write!(terminal, "{ERASE}{} of {pages} pages", *pages - to_come)?;
        terminal.flush()
    }

    /// Makes room for another line.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        write!(terminal, "{ERASE}")?;
        terminal.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_over_and_gone_in_the_end() {
        let mut progress = Progress { terminal: Some(Vec::new()), pages: 3 };
        progress.show(3).unwrap();
        progress.show(1).unwrap();
        progress.clear().unwrap();
        let written = String::from_utf8(progress.terminal.unwrap()).unwrap();
        assert_eq!(written, "\r\x1b[K0 of 3 pages\r\x1b[K2 of 3 pages\r\x1b[K");
    }

    #[test]
    fn without_a_terminal_there_is_nothing() {
        let mut progress = Progress::<Vec<u8>> { terminal: None, pages: 3 };
        progress.show(1).unwrap();
        progress.clear().unwrap();
        assert!(progress.terminal.is_none());
    }
}
