//! The names on the server. Each is built from numbers and from words that were checked.

use std::fmt;

/// A call: its caller and its number there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) client: String,
    pub(crate) number: u64,
}

/// So many calls of a client share a subject prefix, so that one request removes what remains of them.
pub(crate) const GENERATION: u64 = 5_000;

impl Key {
    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (client, number) = text.split_once('.')?;
        is_client(client)
            .then(|| Some(Self { client: client.to_owned(), number: number.parse().ok()? }))?
    }

    fn generation(&self) -> u64 {
        self.number / GENERATION
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.client, self.number)
    }
}

/// Whether a text may be the name of a client or a worker in a subject.
pub(crate) fn is_client(text: &str) -> bool {
    let is_sign = |sign: u8| sign.is_ascii_alphanumeric() || sign == b'-' || sign == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(is_sign)
}

/// Returns a name that no other process has.
pub(crate) fn unique() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let half = || RandomState::new().hash_one(std::process::id());
    format!("c{:016x}{:016x}", half(), half())
}

/// The names of a namespace.
#[derive(Clone)]
pub(crate) struct Names {
    namespace: String,
}

impl Names {
    pub(crate) fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned() }
    }

    /// The stream of calls.
    pub(crate) fn calls(&self) -> String {
        format!("PYBG_{}_CALLS", self.namespace)
    }

    /// The stream of results and marks.
    pub(crate) fn results(&self) -> String {
        format!("PYBG_{}_RESULTS", self.namespace)
    }

    /// The stream of what is too large for a message.
    pub(crate) fn blobs(&self) -> String {
        format!("PYBG_{}_BLOBS", self.namespace)
    }

    pub(crate) fn all_calls(&self) -> String {
        format!("pybg.{}.call.>", self.namespace)
    }

    pub(crate) fn all_results(&self) -> String {
        format!("pybg.{}.result.>", self.namespace)
    }

    pub(crate) fn all_marks(&self) -> String {
        format!("pybg.{}.begun.>", self.namespace)
    }

    pub(crate) fn all_blobs(&self) -> String {
        format!("pybg.{}.blob.>", self.namespace)
    }

    /// A piece of a part of a call, as it was stored under an id.
    pub(crate) fn piece(&self, key: &Key, part: &str, id: &str, index: u32) -> String {
        format!("pybg.{}.blob.{key}.{part}.{id}.{index}", self.namespace)
    }

    /// All pieces of a part of a call.
    pub(crate) fn pieces(&self, key: &Key, part: &str) -> String {
        format!("pybg.{}.blob.{key}.{part}.>", self.namespace)
    }

    /// The subject of the calls of a function at a depth.
    pub(crate) fn call(&self, function: &Served) -> String {
        let Served { queue, depth, fingerprint } = function;
        format!("pybg.{}.call.{queue}.{depth}.{fingerprint:016x}", self.namespace)
    }

    /// The consumer of the calls of a function at a depth.
    pub(crate) fn consumer(function: &Served) -> String {
        let Served { queue, depth, fingerprint } = function;
        format!("f-{fingerprint:016x}-{depth}-{queue}")
    }

    /// Reads the name of a consumer.
    pub(crate) fn parse_consumer(name: &str) -> Option<Served> {
        let mut parts = name.strip_prefix("f-")?.splitn(3, '-');
        let fingerprint = u64::from_str_radix(parts.next()?, 16).ok()?;
        let depth = parts.next()?.parse().ok()?;
        Some(Served { fingerprint, depth, queue: parts.next()?.to_owned() })
    }

    pub(crate) fn result(&self, key: &Key) -> String {
        format!("pybg.{}.result.{}.{}.{}", self.namespace, key.client, key.generation(), key.number)
    }

    /// The results of all calls of a client.
    pub(crate) fn results_of(&self, client: &str) -> String {
        format!("pybg.{}.result.{client}.>", self.namespace)
    }

    /// The marks of all calls of a client.
    pub(crate) fn marks_of(&self, client: &str) -> String {
        format!("pybg.{}.begun.{client}.>", self.namespace)
    }

    /// The results of a finished generation of a client.
    pub(crate) fn generation_of(&self, client: &str, generation: u64) -> [String; 2] {
        ["result", "begun"]
            .map(|kind| format!("pybg.{}.{kind}.{client}.{generation}.*", self.namespace))
    }

    /// The mark of a call whose body was started.
    pub(crate) fn begun(&self, key: &Key) -> String {
        format!("pybg.{}.begun.{}.{}.{}", self.namespace, key.client, key.generation(), key.number)
    }

    /// The mark of a call whose body was started again.
    pub(crate) fn begun_again(&self, key: &Key, attempt: u32) -> String {
        let Key { client, number } = key;
        format!("pybg.{}.begun.{client}.{}.{number}-{attempt}", self.namespace, key.generation())
    }

    /// Where callers say that calls are to be stopped.
    pub(crate) fn cancel(&self) -> String {
        format!("pybg.{}.cancel", self.namespace)
    }

    /// Where it is asked which worker has a call.
    pub(crate) fn who(&self) -> String {
        format!("pybg.{}.who", self.namespace)
    }

    /// Where a client or a worker is told that a worker has a call.
    pub(crate) fn here(&self, who: &str) -> String {
        format!("pybg.{}.here.{who}", self.namespace)
    }

    /// Where callers say that they make calls at a depth.
    pub(crate) fn deeper(&self) -> String {
        format!("pybg.{}.deeper", self.namespace)
    }

    /// Where callers ask workers how they are.
    pub(crate) fn stats(&self) -> String {
        format!("pybg.{}.stats", self.namespace)
    }

    /// Where workers tell a client how they are.
    pub(crate) fn figures(&self, client: &str) -> String {
        format!("pybg.{}.figures.{client}", self.namespace)
    }

    /// Where a client answers while it lives.
    pub(crate) fn alive(&self, client: &str) -> String {
        format!("pybg.{}.alive.{client}", self.namespace)
    }
}

/// The calls of one function at one depth.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Served {
    pub(crate) fingerprint: u64,
    pub(crate) depth: u32,
    pub(crate) queue: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_consumers_are_read_as_written() {
        let key = Key { client: unique(), number: u64::MAX };
        assert_eq!(Key::parse(&key.to_string()), Some(key));
        for text in ["", "c", "c.", "c.x", ".1", "c.*.1", "a b.1", "c>.1"] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
        let served = Served { fingerprint: 7, depth: 12, queue: "a-b_c".to_owned() };
        assert_eq!(Names::parse_consumer(&Names::consumer(&served)), Some(served));
        assert_eq!(Names::parse_consumer("other"), None);
    }

    #[test]
    fn clients_have_names_of_their_own() {
        assert_ne!(unique(), unique());
        assert!(is_client(&unique()));
    }
}
