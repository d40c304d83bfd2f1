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

/// An experiment is written by a person; a larger file is something else, given by mistake.
const LARGEST: u64 = 1024 * 1024;

impl Source {
    /// Reads a file.
    pub fn read(path: &Path, overrides: Vec<String>) -> Result<Source, SpecError> {
        let name = path.display().to_string();
        let fail = |what: String, hint: Option<String>| Err(SpecError::unplaced(what, hint));
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

/// What could have been meant: the nearest name, or all experiments of the folder.
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
