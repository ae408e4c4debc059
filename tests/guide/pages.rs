//! The pages of the guide and what else has to follow them.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pages() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("docs/guide")).unwrap();
    folder.map(|page| page.unwrap().path()).filter(|page| !page.ends_with("README.md")).collect()
}

#[test]
fn each_page_is_in_the_documentation_and_its_programs_are_run() {
    for list in ["src/guide.rs", "tests/guide/lib.rs"] {
        let text = fs::read_to_string(root().join(list)).unwrap();
        let (_, listed) = text.rsplit_once("pages! {").unwrap();
        let mut listed: Vec<&str> =
            listed.trim_end_matches(['}', '\n']).split_whitespace().collect();
        let pages = pages();
        let mut pages: Vec<&str> =
            pages.iter().map(|page| page.file_stem().unwrap().to_str().unwrap()).collect();
        listed.sort_unstable();
        pages.sort_unstable();
        assert_eq!(listed, pages, "in {list}");
    }
}

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

/// Figures are measured once, for the README of the benchmarks; that of the crate and the guide repeat some.
#[test]
fn the_figures_of_the_guide_are_those_that_were_measured() {
    let read = |path: &str| figures(&fs::read_to_string(root().join(path)).unwrap());
    let measured = read("pybackground-runtime/benches/README.md");
    let text = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let whole_run = text("pybackground-runtime/benches/README.md");
    let readme = text("README.md");
    let (_, readme) = readme.split_once("## How fast").unwrap();
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert_eq!(rows.len(), 5);
    for row in rows {
        assert!(whole_run.contains(row), "in README.md: {row}");
    }
    let mut repeated = 0;
    for page in pages() {
        for figure in figures(&fs::read_to_string(&page).unwrap()) {
            assert!(measured.contains(&figure), "{figure} in {}", page.display());
            repeated += 1;
        }
    }
    assert!(repeated > 20, "only {repeated} were found");
}
