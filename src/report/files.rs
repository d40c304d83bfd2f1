//! A rendered report in a folder: written, and held against what is there.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;

use fs_err as fs;

use super::{PAGE, Rendered};
use crate::record::replace;

/// Writes a report, each file as a whole, and removes charts of earlier reports that it does not
/// have any more. Files that no report writes stay.
///
/// # Errors
///
/// If the folder cannot be written.
pub fn write(rendered: &Rendered, dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for (name, content) in &rendered.files {
        replace(&dir.join(name), content)?;
    }
    for name in charts_in(dir)? {
        if !rendered.files.contains_key(&name) {
            fs::remove_file(dir.join(name))?;
        }
    }
    Ok(())
}

/// One thing in which a folder is not what a report would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The report has a file that the folder has not.
    Missing {
        /// The file.
        file: String,
    },
    /// The folder has a chart that the report has not.
    Extra {
        /// The file.
        file: String,
    },
    /// The bytes differ.
    Changed {
        /// The file.
        file: String,
        /// The first line that differs, from 1.
        line: usize,
    },
    /// The folder cannot be read.
    Unreadable {
        /// The file or folder.
        file: String,
        /// The reason that the system gives.
        reason: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Missing { file } => write!(f, "{file}: is missing"),
            Difference::Extra { file } => write!(f, "{file}: is no part of the report any more"),
            Difference::Changed { file, line } => {
                write!(f, "{file}:{line}: differs from what the record gives")
            }
            Difference::Unreadable { file, reason } => write!(f, "{file}: {reason}"),
        }
    }
}

/// Holds a folder against the report, byte for byte. PNG copies are no part of it.
///
/// # Errors
///
/// With every difference.
pub fn check(rendered: &Rendered, dir: &Path) -> Result<(), Vec<Difference>> {
    let unreadable = |file: &str, error: &io::Error| {
        // The wrapper's text names the whole path; the name is enough.
        Difference::Unreadable { file: file.to_owned(), reason: error.kind().to_string() }
    };
    let mut differences = Vec::new();
    let expected = || rendered.files.iter().filter(|(name, _)| !is_png(name));
    for (file, content) in expected() {
        match fs::read(dir.join(file)) {
            Ok(found) if found == *content => {}
            Ok(found) => {
                let line = first_difference(&found, content);
                differences.push(Difference::Changed { file: file.clone(), line });
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                differences.push(Difference::Missing { file: file.clone() });
            }
            Err(e) => differences.push(unreadable(file, &e)),
        }
    }
    match charts_in(dir) {
        Ok(found) => {
            let extra = found.into_iter().filter(|f| !is_png(f) && !rendered.files.contains_key(f));
            differences.extend(extra.map(|file| Difference::Extra { file }));
        }
        // Every file was reported as missing already.
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => differences.push(unreadable(".", &e)),
    }
    if differences.is_empty() { Ok(()) } else { Err(differences) }
}

fn is_png(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == "png")
}

/// The line, from 1, in which two texts first differ.
fn first_difference(a: &[u8], b: &[u8]) -> usize {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    1 + a[..same].iter().filter(|&&c| c == b'\n').count()
}

/// Files of the folder that are called like charts of ours: `wall.svg`, `wall-2.png`.
fn charts_in(dir: &Path) -> io::Result<BTreeSet<String>> {
    let mut charts = BTreeSet::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if let Some(name) = name.to_str().filter(|n| is_chart(n)) {
            charts.insert(name.to_owned());
        }
    }
    Ok(charts)
}

fn is_chart(name: &str) -> bool {
    let Some((stem, "svg" | "png")) = name.rsplit_once('.') else {
        return false;
    };
    let number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    let kind = match stem.rsplit_once('-') {
        Some((kind, n)) if number(n) => kind,
        _ => stem,
    };
    !kind.is_empty() && PAGE.iter().any(|(charts, _)| *charts == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Rendered {
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        Rendered {
            files: [file("report.md", "# a\n\nb\n"), file("wall.svg", "<svg/>\n")].into(),
            drawings: Vec::new(),
        }
    }

    #[test]
    fn what_was_written_is_what_is_found() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path().join("new");
        write(&report(), &dir).expect("written");
        assert_eq!(check(&report(), &dir), Ok(()));
    }

    #[test]
    fn a_changed_byte_and_a_missing_file_are_found() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path();
        write(&report(), dir).expect("written");
        fs::write(dir.join("report.md"), "# a\n\nB\n").expect("changed");
        fs::remove_file(dir.join("wall.svg")).expect("removed");
        fs::write(dir.join("cost-2.svg"), "").expect("added");
        fs::write(dir.join("mine.svg"), "").expect("added");
        let found = check(&report(), dir).expect_err("differences");
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "report.md:3: differs from what the record gives",
                "wall.svg: is missing",
                "cost-2.svg: is no part of the report any more",
            ]
        );
        write(&report(), dir).expect("written again");
        assert_eq!(check(&report(), dir), Ok(()));
        assert!(dir.join("mine.svg").exists() && !dir.join("cost-2.svg").exists());
    }

    #[test]
    fn a_folder_that_is_not_there_lacks_every_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let found = check(&report(), &dir.path().join("none")).expect_err("differences");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn only_our_names_are_ours() {
        assert!(["wall.svg", "wall-2.svg", "waterfall-12.png"].into_iter().all(is_chart));
        assert!(!["mine.svg", "wall-.svg", "wall-x.svg", "wall.txt"].into_iter().any(is_chart));
    }
}
