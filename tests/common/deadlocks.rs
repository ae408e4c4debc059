//! What a deadlock error says.

use pybackground::Error;

/// Asserts that the error lists a cycle of so many edges, among them these texts.
#[track_caller]
pub(crate) fn has_edges(error: &Error, edges: &[&str]) {
    assert!(error.is_deadlock(), "{error}");
    let text = error.to_string();
    for edge in edges {
        assert!(text.contains(edge), "`{edge}` is missing in: {text}");
    }
    assert_eq!(text.matches("\n  ").count(), edges.len(), "{text}");
}
