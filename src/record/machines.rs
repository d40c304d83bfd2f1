//! The machines of a results folder, and the labels that people give them.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::folder::name_of;
use super::{MACHINE, RecordError, replace};
use crate::machine::Machine;

/// A machine's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMachine {
    /// The folder's name: the identity of the machine.
    pub id: String,
    /// The folder.
    pub dir: PathBuf,
    /// Its facts, or what is wrong with them.
    pub machine: Result<Machine, String>,
}

/// Why a machine does not get its label.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// No machine, or several, go by this name.
    #[error("{0}")]
    Unknown(String),
    /// It is no label.
    #[error("{0}")]
    Label(String),
    /// The folders cannot be read or written.
    #[error("{0}")]
    Record(#[from] RecordError),
}

/// The machines that recorded under `results`, in the order of their identities.
pub fn machines(results: &Path) -> Result<Vec<FoundMachine>, RecordError> {
    let mut found = Vec::new();
    if results.is_dir() {
        for dir in fs::read_dir(results)? {
            let dir = dir?.path();
            let file = dir.join(MACHINE);
            if file.is_file() {
                let machine = fs::read_to_string(file)
                    .map_err(|e| e.to_string())
                    .and_then(|text| Machine::parse(&text));
                found.push(FoundMachine { id: name_of(&dir), dir, machine });
            }
        }
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// Gives the machine with this identity or label another label. Everything else in its file, notes
/// of a person included, stays; the file is replaced as a whole. Returns the identity.
pub fn label_machine(results: &Path, which: &str, label: &str) -> Result<String, LabelError> {
    let all = machines(results)?;
    let by_id: Vec<&FoundMachine> = all.iter().filter(|m| m.id == which).collect();
    let by_label = || all.iter().filter(|m| m.machine.as_ref().is_ok_and(|m| m.label == which));
    let fit = if by_id.is_empty() { by_label().collect() } else { by_id };
    let found = match fit.as_slice() {
        [one] => *one,
        several => {
            let ids = |machines: &mut dyn Iterator<Item = &str>| {
                machines.map(|id| format!("\n  {id}")).collect::<String>()
            };
            return Err(LabelError::Unknown(match (several.len(), all.len()) {
                (0, 0) => format!(
                    "there is no machine under {}: none has recorded there",
                    results.display()
                ),
                (0, _) => format!(
                    "`{which}` is no machine under {}; there are:{}",
                    results.display(),
                    ids(&mut all.iter().map(|m| m.id.as_str()))
                ),
                _ => format!(
                    "`{which}` is the label of several machines; name one by its identity:{}",
                    ids(&mut several.iter().map(|m| m.id.as_str()))
                ),
            }));
        }
    };
    let path = found.dir.join(MACHINE);
    let text = fs::read_to_string(&path).map_err(RecordError::from)?;
    let text = Machine::relabel(&text, label).map_err(|what| match &found.machine {
        Ok(_) => LabelError::Label(what),
        Err(damage) => RecordError::damaged(&path.display().to_string(), 0, damage).into(),
    })?;
    replace(&path, text.as_bytes()).map_err(RecordError::from)?;
    Ok(found.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two machines, the second with notes in its file.
    fn results() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for (id, label) in [("m1", "m1"), ("m2", "old # name")] {
            let machine = Machine { label: label.to_owned(), ..Machine::this() };
            fs::create_dir(dir.path().join(id)).expect("a folder");
            let text = machine.to_toml().replace("name\"", "name\" # mine") + "# a note\n";
            fs::write(dir.path().join(id).join(MACHINE), text).expect("a file");
        }
        fs::create_dir(dir.path().join("other")).expect("a folder");
        dir
    }

    #[test]
    fn a_label_is_the_only_thing_that_changes() {
        let dir = results();
        let file = dir.path().join("m2").join(MACHINE);
        let before = fs::read_to_string(&file).expect("a file");
        let label = "the \"lab\" box";
        assert_eq!(label_machine(dir.path(), "m2", label).expect("a machine"), "m2");
        let after = fs::read_to_string(&file).expect("a file");
        assert_eq!(after.lines().count(), before.lines().count());
        let changed: Vec<(&str, &str)> =
            before.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
        assert_eq!(
            changed,
            [("label = \"old # name\" # mine", "label = 'the \"lab\" box' # mine")]
        );
        let machine = &machines(dir.path()).expect("machines")[1].machine;
        assert_eq!(machine.as_ref().map(|m| m.label.as_str()), Ok(label));
        // It can be named by its label from then on.
        assert_eq!(label_machine(dir.path(), label, "m1").expect("a machine"), "m2");
        // An identity goes before a label that looks like it.
        assert_eq!(label_machine(dir.path(), "m1", "x").expect("a machine"), "m1");
    }

    #[test]
    fn what_is_no_label_or_no_machine_is_told() {
        let dir = results();
        let error = |which: &str, label: &str| {
            let error = label_machine(dir.path(), which, label).expect_err("an error").to_string();
            error.replace(&dir.path().display().to_string(), "results")
        };
        assert!(error("m1", "").contains("is empty"));
        assert!(error("m1", " \t").contains("is empty"));
        assert!(error("m1", "a\nb").contains("one line"));
        assert_eq!(error("m3", "x"), "`m3` is no machine under results; there are:\n  m1\n  m2");
        label_machine(dir.path(), "m1", "same").expect("a machine");
        label_machine(dir.path(), "m2", "same").expect("a machine");
        assert_eq!(
            error("same", "x"),
            "`same` is the label of several machines; name one by its identity:\n  m1\n  m2"
        );
        fs::write(dir.path().join("m1").join(MACHINE), "label = 5\n").expect("a file");
        assert!(error("m1", "x").contains("m1/machine.toml: damaged: "), "{}", error("m1", "x"));
        let none = label_machine(&dir.path().join("none"), "m1", "x").expect_err("nothing");
        assert!(none.to_string().contains("none has recorded there"), "{none}");
    }
}
