//! Which files are the same.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use crate::hash::HashedFile;

/// Files with the same contents, of which all but one could go.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// The names, sorted; there is one at least.
    pub(crate) members: Vec<Member<'a>>,
    /// How many files the names are of.
    pub(crate) copies: u64,
    /// The size of one copy.
    pub(crate) bytes: u64,
}

/// A name in a [`Group`].
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) file: &'a HashedFile,
    /// The earlier name of the same file, if this is a hard link to it.
    pub(crate) link_to: Option<&'a HashedFile>,
}

/// The groups that waste bytes, the most wasteful first.
pub(crate) fn groups(files: &[HashedFile]) -> Vec<Group<'_>> {
    let mut by_hash: Vec<&HashedFile> = files.iter().collect();
    by_hash.sort_by(|a, b| {
        let hashes = a.digest.hash.as_bytes().cmp(b.digest.hash.as_bytes());
        hashes.then_with(|| a.file.path.cmp(&b.file.path))
    });
    let mut groups: Vec<_> = by_hash
        .chunk_by(|a, b| a.digest.hash == b.digest.hash)
        .map(Group::new)
        .filter(|group| group.wasted() > 0)
        .collect();
    groups.sort_by(|a, b| {
        let wasted = b.wasted().cmp(&a.wasted());
        wasted.then_with(|| a.first_path().cmp(b.first_path()))
    });
    groups
}

impl<'a> Group<'a> {
    /// A group of `files`, which are sorted and have one hash; there is one at least.
    fn new(files: &[&'a HashedFile]) -> Self {
        let mut first_names = HashMap::new();
        let members: Vec<_> = files
            .iter()
            .map(|&file| {
                let link_to =
                    file.file.identity.and_then(|identity| match first_names.entry(identity) {
                        Entry::Occupied(first) => Some(*first.get()),
                        Entry::Vacant(place) => {
                            place.insert(file);
                            None
                        }
                    });
                Member { file, link_to }
            })
            .collect();
        let copies = members.iter().filter(|member| member.link_to.is_none()).count() as u64;
        Self { members, copies, bytes: files[0].digest.bytes }
    }

    /// What the copies but one take, in bytes.
    pub(crate) fn wasted(&self) -> u64 {
        self.bytes * (self.copies - 1)
    }

    fn first_path(&self) -> &'a Path {
        &self.members[0].file.file.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Digest;
    use crate::walk::{FoundFile, Identity};

    fn file(path: &str, content: &str) -> HashedFile {
        HashedFile {
            file: FoundFile { path: path.into(), identity: None },
            digest: Digest { hash: blake3::hash(content.as_bytes()), bytes: content.len() as u64 },
        }
    }

    fn linked(path: &str, content: &str, inode: u64) -> HashedFile {
        let mut linked = file(path, content);
        linked.file.identity = Some(Identity { device: 1, inode });
        linked
    }

    /// The groups as their paths and what they waste.
    fn summary(files: &[HashedFile]) -> Vec<(Vec<&str>, u64)> {
        groups(files)
            .iter()
            .map(|group| {
                let paths = group.members.iter().map(|member| member.file.file.path.to_str());
                (paths.map(Option::unwrap).collect(), group.wasted())
            })
            .collect()
    }

    #[test]
    fn files_with_the_same_contents_are_a_group() {
        let files = [file("c", "xx"), file("b", "other"), file("a", "xx"), file("d", "xx")];
        assert_eq!(summary(&files), [(vec!["a", "c", "d"], 4)]);
    }

    #[test]
    fn the_most_wasteful_group_comes_first_and_then_the_first_name() {
        let files = [
            file("d", "yy"),
            file("a", "x"),
            file("b", "x"),
            file("e", "yy"),
            file("c", "zz"),
            file("f", "zz"),
        ];
        let expected = [(vec!["c", "f"], 2), (vec!["d", "e"], 2), (vec!["a", "b"], 1)];
        assert_eq!(summary(&files), expected);
    }

    #[test]
    fn empty_files_waste_nothing() {
        assert!(groups(&[file("a", ""), file("b", "")]).is_empty());
    }

    #[test]
    fn names_of_one_file_waste_nothing() {
        assert!(groups(&[linked("a", "xx", 1), linked("b", "xx", 1)]).is_empty());
    }

    #[test]
    fn a_hard_link_counts_once_beside_a_copy() {
        let files = [linked("a", "xx", 1), linked("b", "xx", 2), linked("c", "xx", 1)];
        let groups = groups(&files);
        assert_eq!((groups.len(), groups[0].copies, groups[0].wasted()), (1, 2, 2));
        let links: Vec<_> = groups[0]
            .members
            .iter()
            .map(|member| member.link_to.map(|first| first.file.path.to_str().unwrap()))
            .collect();
        assert_eq!(links, [None, None, Some("a")]);
    }
}
