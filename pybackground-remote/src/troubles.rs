//! What the server does beside its answers: it goes away, and it refuses what this program may not do. An answer does not
//! come then.

use std::collections::HashMap;

use async_nats::ServerError;

/// So many subjects are remembered.
const MOST_SUBJECTS: usize = 1024;

/// What has happened on a connection so far.
#[derive(Default)]
pub(crate) struct Troubles {
    /// How often the connection was lost.
    pub(crate) losses: u64,
    /// How often something was refused.
    denials: u64,
    /// The number of the last refusal of each subject, and the server's words.
    by_subject: HashMap<String, (u64, String)>,
    /// The same of the last request to JetStream.
    of_api: Option<(u64, String)>,
}

impl Troubles {
    /// Notes what the server says without being asked. `false` if it is no refusal of a subject.
    pub(crate) fn note(&mut self, said: &ServerError) -> bool {
        let ServerError::Other(why) = said else { return false };
        let Some(subject) = denied_subject(why) else { return false };
        self.denials += 1;
        let denial = (self.denials, why.clone());
        if subject.starts_with("$JS.API.") {
            self.of_api = Some(denial.clone());
        }
        if self.by_subject.len() >= MOST_SUBJECTS {
            self.by_subject.clear();
        }
        self.by_subject.insert(subject.to_owned(), denial);
        true
    }

    /// How often something was refused.
    pub(crate) fn denials(&self) -> u64 {
        self.denials
    }

    /// The server's words on a subject, after the first `seen` refusals.
    pub(crate) fn denial_of(&self, subject: &str, seen: u64) -> Option<&str> {
        let (number, why) = self.by_subject.get(subject)?;
        (*number > seen).then_some(why)
    }

    /// The server's words on a request to JetStream, after the first `seen` refusals.
    pub(crate) fn denial_of_api(&self, seen: u64) -> Option<&str> {
        let (number, why) = self.of_api.as_ref()?;
        (*number > seen).then_some(why)
    }

    /// The subjects that were refused after the first `seen` refusals, and the server's words.
    pub(crate) fn denied_since(&self, seen: u64) -> impl Iterator<Item = (&str, &str)> {
        let since = self.by_subject.iter().filter(move |(_, (number, _))| *number > seen);
        since.map(|(subject, (_, why))| (subject.as_str(), why.as_str()))
    }
}

/// Says what to do about a refusal, in the server's words.
pub(crate) fn advice(why: &str) -> String {
    format!(
        "the server's permissions: {why}; docs/nats-permissions.conf has those of a caller and of a worker"
    )
}

/// Returns the subject that the server refuses: it is in quotation marks.
fn denied_subject(why: &str) -> Option<&str> {
    const BEGIN: &str = "permissions violation";
    let begins = why.get(..BEGIN.len())?.eq_ignore_ascii_case(BEGIN);
    let subject = why.split('"').nth(1)?;
    (begins && !subject.is_empty()).then_some(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(subject: &str) -> ServerError {
        ServerError::Other(format!("Permissions Violation for Publish to \"{subject}\""))
    }

    #[test]
    fn refusal_is_found_by_its_subject_once_it_has_come() {
        let mut troubles = Troubles::default();
        assert!(troubles.note(&denied("pybg.default.call.f")));
        assert_eq!((troubles.denials(), troubles.denial_of_api(0)), (1, None));
        assert!(troubles.denial_of("pybg.default.call.f", 0).is_some());
        assert!(troubles.denial_of("pybg.default.call.f", 1).is_none(), "it was there before");
        assert!(troubles.denial_of("pybg.default.call.g", 0).is_none());
        assert!(troubles.note(&denied("$JS.API.STREAM.CREATE.S")));
        assert!(troubles.denial_of_api(1).unwrap().contains("STREAM.CREATE"));
        assert_eq!(troubles.denied_since(1).count(), 1);
    }

    #[test]
    fn other_words_of_the_server_are_no_refusals() {
        let mut troubles = Troubles::default();
        for said in [
            "stale connection",
            "Permissions Violation",
            "Permissions Violation for \"\"",
            "x \"y\"",
        ] {
            assert!(!troubles.note(&ServerError::Other(said.to_owned())), "{said}");
        }
        assert!(!troubles.note(&ServerError::AuthorizationViolation));
        assert_eq!(troubles.denials(), 0);
    }

    #[test]
    fn few_subjects_are_remembered() {
        let mut troubles = Troubles::default();
        for number in 0..3 * MOST_SUBJECTS {
            troubles.note(&denied(&number.to_string()));
        }
        assert!(troubles.by_subject.len() <= MOST_SUBJECTS);
        assert!(troubles.denial_of(&(3 * MOST_SUBJECTS - 1).to_string(), 0).is_some());
    }
}
