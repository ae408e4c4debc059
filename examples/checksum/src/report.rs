//! What is printed.

use std::fmt;
use std::io::{self, Write};

use indicatif::HumanBytes;

use crate::compare::Comparison;
use crate::duplicates::{self, Group};
use crate::hash::HashedFile;
use crate::name::shown;

/// The result of a run; it is the same whenever the files are the same, but for the times.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// Sorted by path.
    pub(crate) files: &'a [HashedFile],
    /// How many files and folders could not be read.
    pub(crate) unreadable: usize,
    /// Whether to print each file.
    pub(crate) list: bool,
    pub(crate) comparison: Option<Comparison>,
}

impl Report<'_> {
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.list {
            for file in self.files {
                writeln!(out, "{}  {}", file.digest.hash, shown(&file.file.path))?;
            }
            writeln!(out)?;
        }
        let groups = duplicates::groups(self.files);
        for group in &groups {
            write_group(out, group)?;
        }
        self.write_totals(out, &groups)?;
        match &self.comparison {
            Some(comparison) => write!(out, "\n{comparison}"),
            None => Ok(()),
        }
    }

    fn write_totals(&self, out: &mut dyn Write, groups: &[Group<'_>]) -> io::Result<()> {
        let bytes = self.files.iter().map(|file| file.digest.bytes).sum();
        writeln!(out, "files:            {}", self.files.len())?;
        writeln!(out, "bytes:            {}", Bytes(bytes))?;
        writeln!(out, "unreadable:       {}", self.unreadable)?;
        writeln!(out, "duplicate groups: {}", groups.len())?;
        let wasted = groups.iter().map(Group::wasted).sum();
        writeln!(out, "wasted:           {}", Bytes(wasted))
    }
}

fn write_group(out: &mut dyn Write, group: &Group<'_>) -> io::Result<()> {
    let (copies, size, wasted) = (group.copies, Bytes(group.bytes), Bytes(group.wasted()));
    writeln!(out, "{copies} copies of {size} waste {wasted}:")?;
    for member in &group.members {
        write!(out, "  {}", shown(&member.file.file.path))?;
        if let Some(first) = member.link_to {
            write!(out, " (hard link to {})", shown(&first.file.path))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

/// A number of bytes: exactly, and for reading if it is large.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 byte"),
            few @ ..1024 => write!(f, "{few} bytes"),
            many => write!(f, "{many} bytes ({})", HumanBytes(many)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Digest;
    use crate::walk::{FoundFile, Identity};

    fn file(path: &str, content: &[u8], inode: Option<u64>) -> HashedFile {
        HashedFile {
            file: FoundFile {
                path: path.into(),
                identity: inode.map(|inode| Identity { device: 1, inode }),
            },
            digest: Digest { hash: blake3::hash(content), bytes: content.len() as u64 },
        }
    }

    fn written(report: &Report<'_>) -> String {
        let mut out = Vec::new();
        report.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report_without_options() {
        let files = [
            file("a", &[1; 2048], Some(1)),
            file("b", &[1; 2048], None),
            file("c", &[1; 2048], Some(1)),
            file("d", b"x", None),
        ];
        let report = Report { files: &files, unreadable: 2, list: false, comparison: None };
        let expected = "\
2 copies of 2048 bytes (2.00 KiB) waste 2048 bytes (2.00 KiB):
  a
  b
  c (hard link to a)

files:            4
bytes:            6145 bytes (6.00 KiB)
unreadable:       2
duplicate groups: 1
wasted:           2048 bytes (2.00 KiB)
";
        assert_eq!(written(&report), expected);
    }

    #[test]
    fn a_report_with_a_list() {
        let files = [file("empty", b"", None)];
        let report = Report { files: &files, unreadable: 0, list: true, comparison: None };
        let expected = "\
af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262  empty

files:            1
bytes:            0 bytes
unreadable:       0
duplicate groups: 0
wasted:           0 bytes
";
        assert_eq!(written(&report), expected);
    }
}
