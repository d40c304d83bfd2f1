//! The text of an experiment, from a file and the command line.

use std::io::Read;
use std::path::Path;

use super::error::{SpecError, listed, nearest};

/// The text of an experiment and what the command line changes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, as errors show it.
    pub name: String,
    /// The text of the file.
    pub text: String,
    /// Changes, each `path.to.key=value`, applied in this order.
    pub overrides: Vec<String>,
}

/// Bytes of an experiment's name at most. It is part of the name of a folder, of which file systems take
/// 255 bytes; the others are a time (16), two dashes, two builds with changes (`ab-` and twice 14, with a
/// dash between: 32) and a number where the name is taken (up to 5).
const LONGEST_NAME: usize = 200;

/// An experiment is written by a person; a larger file is something else, given by mistake.
const LARGEST: u64 = 1024 * 1024;

impl Source {
    /// Reads a file.
    pub fn read(path: &Path, overrides: Vec<String>) -> Result<Source, SpecError> {
        let name = path.display().to_string();
        let fail = |what: String, hint: Option<String>| Err(SpecError::unplaced(what, hint));
        if path.file_name().is_some_and(|file| file.to_str().is_none()) {
            let hint = "rename the file: recordings and reports are called after it".to_owned();
            return fail(format!("the name of `{name}` is not UTF-8"), Some(hint));
        }
        let length = name_of(&name).len();
        if length > LONGEST_NAME {
            let what = format!(
                "the name of `{name}` is too long: {length} bytes, at most {LONGEST_NAME} fit into the \
                 name of a recording"
            );
            return fail(what, Some("give the file a shorter name".to_owned()));
        }
        if path.is_dir() {
            return fail(format!("`{name}` is a directory, not a file"), instead(path, None));
        }
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file that is too large from one that just fits.
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let folder = match path.parent() {
                    Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
                    Some(parent) => parent,
                    None => Path::new("."),
                };
                return fail(format!("there is no file `{name}`"), instead(folder, Some(path)));
            }
            Err(error) => return fail(format!("cannot read `{name}`: {error}"), None),
        }
        if bytes.len() as u64 > LARGEST {
            let hint = "give the experiment's .toml file; delays in bulk belong in a CSV file, see `trace`";
            return fail(format!("`{name}` is larger than 1 MiB"), Some(hint.to_owned()));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Source { name, text, overrides }),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = 1 + good.iter().filter(|b| **b == b'\n').count();
                let hint = "save the file as UTF-8, as TOML requires".to_owned();
                fail(format!("`{name}` is not UTF-8, first in line {line}"), Some(hint))
            }
        }
    }
}

/// The file's name without its ending, fit to be part of a folder's name: letters, digits and signs of
/// any script stay, so that names that differ in them stay apart.
pub(super) fn name_of(file: &str) -> String {
    let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    let fit = |c: char| {
        let stays =
            if c.is_ascii() { c.is_ascii_alphanumeric() || "-_.".contains(c) } else { is_seen(c) };
        if stays { c } else { '-' }
    };
    match stem.chars().map(fit).collect::<String>() {
        name if name.trim_matches(['-', '.']).is_empty() => "experiment".to_owned(),
        name => name,
    }
}

/// Whether a reader sees a character: spaces, controls and marks of direction are not.
fn is_seen(c: char) -> bool {
    let is_mark = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    !c.is_whitespace() && !c.is_control() && !is_mark
}

/// A hint for a file that is not there: the nearest name, or all experiments of the folder.
fn instead(folder: &Path, path: Option<&Path>) -> Option<String> {
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .map(|p| match folder == Path::new(".") {
            true => p.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            false => p.display().to_string(),
        })
        .collect();
    files.sort();
    let meant = path.and_then(|p| {
        let written = p.display().to_string();
        nearest(&written, files.iter().map(String::as_str)).map(str::to_owned)
    });
    match (meant, files.as_slice()) {
        (Some(file), _) => Some(format!("did you mean `{file}`?")),
        (None, []) => Some(format!("there is no .toml file in `{}`", folder.display())),
        (None, files) => Some(format!("files there: {}", listed(files))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_stay_apart() {
        let names = ["ü", "ä", "u", "漢字", "漢", "🚀", "a-b", "Ω.v1"];
        for name in names {
            assert_eq!(name_of(&format!("some/where/{name}.toml")), name);
        }
        assert_eq!(name_of("a b\u{a0}c:d.toml"), "a-b-c-d");
        assert_eq!(name_of("a\u{202e}b.toml"), "a-b");
        assert_eq!(name_of("\u{200b}.toml"), "experiment");
    }

    #[test]
    fn a_name_that_no_folder_can_have_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |name: &std::ffi::OsStr| {
            let path = folder.path().join(name);
            std::fs::write(&path, "").expect("a file");
            Source::read(&path, Vec::new()).map_err(|error| error.to_string())
        };
        assert!(read(format!("{}.toml", "x".repeat(200)).as_ref()).is_ok());
        let long = read(format!("{}.toml", "ü".repeat(101)).as_ref()).expect_err("too long");
        assert!(long.contains("is too long: 202 bytes, at most 200"), "{long}");
        #[cfg(unix)]
        {
            let bytes: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"caf\xe9.toml");
            let error = read(bytes).expect_err("no UTF-8");
            assert!(error.contains("is not UTF-8") && error.contains("rename"), "{error}");
        }
    }
}
