//! Kind of this machine: coarse facts that do not change from day to day.

use fs_err as fs;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Facts about a machine. None of them names its host, its owner or its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// A name for people, free to change.
    pub label: String,
    /// Operating system.
    pub os: String,
    /// Instruction set.
    pub arch: String,
    /// CPU model, as the system names it.
    pub cpu_model: String,
    /// CPUs that a process may use.
    pub cpus: u64,
    /// Memory, rounded to whole GiB: kernels keep back a varying rest.
    pub memory_gib: u64,
}

impl Machine {
    /// This machine, labelled by its identity.
    pub fn this() -> Machine {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib = value_of(&meminfo, "MemTotal").and_then(|v| v.split(' ').next()?.parse().ok());
        let mut machine = Machine {
            label: String::new(),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpu_model: value_of(&cpuinfo, "model name").unwrap_or("unknown").to_owned(),
            cpus: std::thread::available_parallelism().map_or(0, |n| n.get() as u64),
            memory_gib: kib.map_or(0, |kib: u64| (kib + (1 << 19)) >> 20),
        };
        machine.label = machine.id();
        machine
    }

    /// Identity: what one sees at a glance, and four digits over all facts.
    pub fn id(&self) -> String {
        let Machine { label: _, os, arch, cpu_model, cpus, memory_gib } = self;
        let digest = Sha256::digest(format!("{os}\n{arch}\n{cpu_model}\n{cpus}\n{memory_gib}"));
        format!("{os}-{arch}-{cpus}cpu-{memory_gib}gib-{}", crate::units::hex(&digest[..2]))
    }

    /// The text of `machine.toml`.
    pub fn to_toml(&self) -> String {
        let Machine { label, os, arch, cpu_model, cpus, memory_gib } = self;
        let mut document = toml_edit::DocumentMut::new();
        document["label"] = toml_edit::value(label);
        document["os"] = toml_edit::value(os);
        document["arch"] = toml_edit::value(arch);
        document["cpu_model"] = toml_edit::value(cpu_model);
        document["cpus"] = toml_edit::value(*cpus as i64);
        document["memory_gib"] = toml_edit::value(*memory_gib as i64);
        format!("# The label is free to change; the rest identifies the machine.\n{document}")
    }

    /// The text of a `machine.toml` with another label; all else stays as a person left it.
    pub fn relabel(text: &str, label: &str) -> Result<String, String> {
        let label = checked(label.trim().to_owned())?;
        let mut document: toml_edit::DocumentMut = text.parse().map_err(|e| format!("{e}"))?;
        let mut value = toml_edit::Value::from(label);
        if let Some(before) = document.get("label").and_then(toml_edit::Item::as_value) {
            value.decor_mut().clone_from(before.decor());
        }
        document["label"] = toml_edit::Item::Value(value);
        let text = document.to_string();
        Machine::parse(&text).map(|_| text)
    }

    /// Reads `machine.toml`.
    pub fn parse(text: &str) -> Result<Machine, String> {
        let document: toml_edit::DocumentMut = text.parse().map_err(|e| format!("{e}"))?;
        let known = ["label", "os", "arch", "cpu_model", "cpus", "memory_gib"];
        if let Some((key, _)) = document.iter().find(|(key, _)| !known.contains(key)) {
            return Err(format!("unknown key `{key}`"));
        }
        let missing = |key: &str| format!("`{key}` is missing or of another type");
        let text = |key: &str| -> Result<String, String> {
            document
                .get(key)
                .and_then(|v| v.as_str())
                .map(str::to_owned)
                .ok_or_else(|| missing(key))
        };
        let number = |key: &str| -> Result<u64, String> {
            let number = document.get(key).and_then(toml_edit::Item::as_integer);
            number.and_then(|n| u64::try_from(n).ok()).ok_or_else(|| missing(key))
        };
        Ok(Machine {
            label: text("label").and_then(checked)?,
            os: text("os")?,
            arch: text("arch")?,
            cpu_model: text("cpu_model")?,
            cpus: number("cpus")?,
            memory_gib: number("memory_gib")?,
        })
    }
}

/// A label that may be shown: one line that is not empty.
fn checked(label: String) -> Result<String, String> {
    if label.trim().is_empty() {
        return Err("`label` is empty; write a name, or the machine's identity".to_owned());
    }
    if label.contains(char::is_control) {
        return Err(format!("`label` must be one line of text, found {label:?}"));
    }
    Ok(label)
}

/// Kernel name and release.
pub fn kernel() -> String {
    let uname = rustix::system::uname();
    format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy())
}

/// The value of the first line `key : value`.
pub(super) fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (k, v) = line.split_once(':')?;
        (k.trim() == key).then(|| v.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_written_and_read_back() {
        let machine = Machine { label: "the \"lab\" box".to_owned(), ..Machine::this() };
        assert_eq!(Machine::parse(&machine.to_toml()), Ok(machine));
        assert!(Machine::parse("label = 1").is_err());
        let empty = Machine { label: " ".to_owned(), ..Machine::this() };
        assert!(Machine::parse(&empty.to_toml()).is_err_and(|e| e.contains("is empty")));
        assert_eq!(Machine::parse("host = \"x\""), Err("unknown key `host`".to_owned()));
    }

    #[test]
    fn the_label_is_not_part_of_the_identity() {
        let machine = Machine::this();
        assert_eq!(Machine { label: "x".to_owned(), ..machine.clone() }.id(), machine.id());
        assert_ne!(Machine { cpus: 99, ..machine.clone() }.id(), machine.id());
    }
}
