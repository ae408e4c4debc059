//! Why no process could be started, and what to do about it.

use std::io;
use std::path::Path;

use crate::error::Failure;

/// No process could be started in this directory.
pub(super) fn failure(error: &io::Error, directory: Option<&Path>) -> Failure {
    Failure::Spawn(format!("{error}{}", advice(error, directory)))
}

/// Returns the end of the sentence that begins with the error.
fn advice(error: &io::Error, directory: Option<&Path>) -> String {
    use io::ErrorKind::{ArgumentListTooLong, NotADirectory, NotFound, PermissionDenied};
    const SHORTAGE: &str =
        "; raise the limits of processes and open files, or lower `processes().max(..)`";
    const ENVIRONMENT: &str = "; the environment, which is the program's, has more variables than the system passes \
         on: remove some before the call, or choose them by `processes().env_clear()`";
    match (error.kind(), directory) {
        _ if is_shortage(error) => SHORTAGE.to_owned(),
        (ArgumentListTooLong, _) => ENVIRONMENT.to_owned(),
        (NotFound | NotADirectory | PermissionDenied, Some(directory)) => format!(
            "; the program's file and the directory of the call, `{}`, have to exist, and this user has to \
             be allowed to execute the file and to enter the directory",
            directory.display()
        ),
        _ => String::new(),
    }
}

/// Whether another process may be started once one has ended.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    use io::ErrorKind::{OutOfMemory, QuotaExceeded, ResourceBusy, WouldBlock};
    /// Too many open files, in the system or in the process, by the numbers of all Unix systems.
    const FILES: [i32; 2] = [23, 24];
    matches!(error.kind(), OutOfMemory | QuotaExceeded | ResourceBusy | WouldBlock)
        || error.raw_os_error().is_some_and(|number| cfg!(unix) && FILES.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_fits_the_error() {
        use io::ErrorKind::{ArgumentListTooLong, Other, PermissionDenied, WouldBlock};
        let advice = |kind: io::ErrorKind| advice(&kind.into(), Some(Path::new("/closed")));
        assert!(advice(WouldBlock).contains("raise the limits"));
        assert!(
            advice(PermissionDenied).contains("to enter")
                && advice(PermissionDenied).contains("`/closed`")
        );
        assert!(advice(ArgumentListTooLong).contains("remove some"));
        assert_eq!(advice(Other), "");
    }
}
