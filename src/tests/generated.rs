//! For tests: committed files, or parts of them, that code generates.
//!
//! `INFLIGHT_BLESS=1 cargo test` writes them anew.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Set to write what is generated.
pub(crate) const BLESS: &str = "INFLIGHT_BLESS";

/// Whether files are to be written and not only compared.
pub(crate) fn blessing() -> bool {
    std::env::var_os(BLESS).is_some()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A committed file, by its path in the repository.
pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Compares a file with what it should be, or writes it.
pub(crate) fn same(name: &str, wanted: &str) {
    if blessing() {
        std::fs::write(path(name), wanted).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let is = text(name);
    let line = is.lines().zip(wanted.lines()).position(|(a, b)| a != b).map_or(0, |i| i + 1);
    assert!(is == wanted, "{name} is out of date at line {line}: {BLESS}=1 cargo test");
}

/// Replaces what stands between `<!-- name -->` and `<!-- end -->`.
pub(crate) fn between(text: &str, name: &str, content: &str) -> String {
    let start = format!("<!-- {name} -->\n");
    let (before, rest) =
        text.split_once(&start).unwrap_or_else(|| panic!("the page lacks {start}"));
    let (_, after) = rest.split_once("<!-- end -->").expect("an end");
    format!("{before}{start}\n{content}\n<!-- end -->{after}")
}

/// Compares a part of a file with what it should be, or writes it: [`between`] and [`same`], for a page
/// that several tests have parts in.
pub(crate) fn same_part(file: &str, name: &str, content: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    same(file, &between(&text(file), name, content));
}
