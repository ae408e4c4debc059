//! Figures are measured once, for the README. The guide repeats some, and has to follow them.

use std::fs;
use std::path::Path;

/// The numbers with the unit of a measured time in `text`, as `15,476 ns`.
fn figures(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split([' ', '\n', '|', '(', ')', ';', '`']).collect();
    let pairs = words.windows(2).filter(|pair| {
        let number = pair[0].replace([',', '.'], "");
        let unit = pair[1].trim_end_matches([',', '.']);
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && ["ns", "ms"].contains(&unit)
    });
    pairs.map(|pair| format!("{} {}", pair[0], pair[1].trim_end_matches([',', '.']))).collect()
}

#[test]
fn the_figures_of_the_guide_are_those_of_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let measured = figures(&fs::read_to_string(root.join("README.md")).unwrap());
    let mut repeated = 0;
    for page in fs::read_dir(root.join("docs/guide")).unwrap() {
        let page = page.unwrap().path();
        for figure in figures(&fs::read_to_string(&page).unwrap()) {
            assert!(measured.contains(&figure), "{figure} in {}", page.display());
            repeated += 1;
        }
    }
    assert!(repeated > 20, "only {repeated} were found");
}
