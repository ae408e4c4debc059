//! The page without events: markup, style and scripts in one text.

use std::env;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::text::quoted;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPTS: [&str; 7] = [
    include_str!("page/model.js"),
    include_str!("page/advice.js"),
    include_str!("page/rows.js"),
    include_str!("page/chart.js"),
    include_str!("page/card.js"),
    include_str!("page/panels.js"),
    include_str!("page/page.js"),
];

/// What closes the page behind the last line of events.
pub(super) const END: &str = "</script>\n</body>\n</html>\n";

/// Returns the page up to the place where the lines of events begin.
pub(super) fn head(is_live: bool) -> String {
    let mut page = String::new();
    for (at, piece) in PAGE.split("{{").enumerate() {
        let Some((place, rest)) = piece.split_once("}}").filter(|_| at > 0) else {
            page.push_str(piece);
            continue;
        };
        match place {
            "title" => page += &program().replace('&', "&amp;").replace('<', "&lt;"),
            "style" => page += STYLE,
            "script" => page += &SCRIPTS.join("\n"),
            "live" => page += if is_live { " data-live" } else { "" },
            other => unreachable!("the page has no place named {other}"),
        }
        page.push_str(rest);
    }
    page
}

/// Returns the line that describes the program.
pub(super) fn program_line() -> String {
    let mut name = Vec::new();
    quoted(&mut name, &program());
    let name = String::from_utf8(name).unwrap_or_default();
    let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "P {{\"name\":{name},\"pid\":{},\"started\":{started},\"processors\":{processors}}}\n",
        std::process::id()
    )
}

/// The name of the program, without its arguments, which may be secret.
pub(super) fn program() -> String {
    let path = env::args_os().next().unwrap_or_default();
    let name = Path::new(&path).file_stem().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_is_filled_and_ends_in_the_script_of_the_events() {
        let page = head(false);
        assert!(page.starts_with("<!doctype html>") && !page.contains("{{"));
        let (_, open) = page.rsplit_once("<script").unwrap();
        assert!(open.ends_with(">\n") && !open.contains("</script"), "{open}");
        assert!(head(true).contains("data-live>"));
    }
}
