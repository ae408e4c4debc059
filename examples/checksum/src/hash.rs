//! The background call, and the same work without it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use indicatif::ProgressBar;
use pybackground::{all, background};

use crate::walk::{FoundFile, Unreadable};

/// How many files may be open at once, and so how many calls read at the same time. Enough to keep
/// a disk busy, and well below the 256 open files that some systems allow a program.
const MOST_OPEN_FILES: usize = 64;

/// How much of a file is in memory at a time, in bytes.
const CHUNK: usize = 64 * 1024;

/// A file that was read to its end.
#[derive(Debug)]
pub(crate) struct HashedFile {
    pub(crate) file: FoundFile,
    pub(crate) digest: Digest,
}

/// What a file's contents come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) hash: blake3::Hash,
    pub(crate) bytes: u64,
}

/// Hashes all files at the same time; the results are in the order of the files.
pub(crate) fn in_background(
    files: Vec<FoundFile>,
    progress: &ProgressBar,
) -> Vec<Result<HashedFile, Unreadable>> {
    // Every call is made before the first result is asked for: that is what makes them concurrent.
    all(files.into_iter().map(|file| hash_file(file, progress)))
}

/// Hashes files as a program without background calls would, and drops the results.
pub(crate) fn one_after_the_other<'a>(
    paths: impl Iterator<Item = &'a Path>,
    progress: &ProgressBar,
) {
    for path in paths {
        // This run is about the time; what cannot be read was found by the one before.
        let _ = digest(path, progress);
    }
}

/// Reads `file` on a thread of the library's, with at most [`MOST_OPEN_FILES`] others.
///
/// The progress bar is a reference, so the call clones it; a clone moves the same bar.
#[background(limit = MOST_OPEN_FILES)]
fn hash_file(file: FoundFile, progress: &ProgressBar) -> Result<HashedFile, Unreadable> {
    match digest(&file.path, progress) {
        Ok(digest) => Ok(HashedFile { file, digest }),
        Err(error) => Err(Unreadable { path: file.path, error }),
    }
}

fn digest(path: &Path, progress: &ProgressBar) -> io::Result<Digest> {
    digest_of(File::open(path)?, |bytes| progress.inc(bytes))
}

fn digest_of(mut content: impl Read, mut advance: impl FnMut(u64)) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match content.read(&mut chunk) {
            Ok(0) => break,
            Ok(bytes) => {
                hasher.update(&chunk[..bytes]);
                advance(bytes as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Digest { hash: hasher.finalize(), bytes: hasher.count() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes a few at a time, after an interruption each, and then what `end` gives.
    struct Halting<'a> {
        rest: &'a [u8],
        interrupted: bool,
        end: fn() -> io::Result<usize>,
    }

    impl Read for Halting<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.interrupted = !self.interrupted;
            if self.interrupted {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.rest.is_empty() {
                return (self.end)();
            }
            let few = self.rest.len().min(7);
            self.rest.read(&mut buffer[..few])
        }
    }

    #[test]
    fn the_pieces_that_a_file_comes_in_do_not_matter() {
        let content: Vec<u8> = (0..=255).collect();
        let halting = Halting { rest: &content, interrupted: false, end: || Ok(0) };
        let mut advanced = 0;
        let digest = digest_of(halting, |bytes| advanced += bytes).unwrap();
        assert_eq!(digest.hash, blake3::hash(&content));
        assert_eq!((digest.bytes, advanced), (256, 256));
    }

    #[test]
    fn a_file_longer_than_a_chunk_is_read_to_its_end() {
        let content = vec![7; 3 * CHUNK + 1];
        let digest = digest_of(content.as_slice(), |_| ()).unwrap();
        assert_eq!(digest.hash, blake3::hash(&content));
        assert_eq!(digest.bytes, content.len() as u64);
    }

    #[test]
    fn a_file_that_fails_half_way_has_no_digest() {
        let failing = Halting {
            rest: b"some of it",
            interrupted: false,
            end: || Err(io::ErrorKind::InvalidData.into()),
        };
        let error = digest_of(failing, |_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_file_that_vanished_is_named() {
        let file = FoundFile { path: "no such folder/no such file".into(), identity: None };
        let call = hash_file(file, &ProgressBar::hidden());
        let failure = pybackground::value(call).unwrap_err();
        assert_eq!(failure.path, Path::new("no such folder/no such file"));
        assert_eq!(failure.error.kind(), io::ErrorKind::NotFound);
    }
}
