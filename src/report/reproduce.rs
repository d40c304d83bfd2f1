//! How to do it again.

use super::facts::Facts;
use super::markdown::{code, details, fenced};

/// The commands, and the experiment file.
pub(super) fn section(facts: &Facts) -> String {
    let recording = facts.recording;
    let manifest = &recording.manifest;
    let run = format!("results/{}/{}", manifest.machine, recording.name);
    let mut commands = Vec::new();
    if let Some(commit) = &manifest.build.commit {
        commands.push(format!("git checkout {commit}"));
    }
    commands.push("cargo install --locked --path .".to_owned());
    commands.push(run_command(facts));
    commands.push(format!("inflight report {}", quoted(&run)));
    commands.push(format!("inflight diff {} results/YOUR-MACHINE/YOUR-RUN", quoted(&run)));
    let dirty = match manifest.build.dirty {
        Some(_) => {
            "\n\nThe build had changes that are not in its commit, so the first command gives \
             something close to it, not the same."
        }
        None => "",
    };
    let file = format!("{}.toml", manifest.experiment);
    let experiment = if recording.experiment_text.trim().is_empty() {
        "The record does not hold the experiment file.".to_owned()
    } else {
        details(&format!("experiments/{file}"), &fenced("toml", &recording.experiment_text))
    };
    format!(
        "## How to reproduce\n\n{}\n\nThe same seeds give the same delays and the same order of \
         trials everywhere. `inflight diff` gives verdicts on the same machine only. The third \
         command makes a recording of your own; the fourth makes this report again from the record \
         of {}.{dirty}\n\n{experiment}",
        fenced("sh", &commands.join("\n")),
        code(&recording.name),
    )
}

/// `inflight run` with the options that change what is run.
fn run_command(facts: &Facts) -> String {
    let manifest = &facts.recording.manifest;
    let mut words = vec![
        "inflight run".to_owned(),
        quoted(&format!("experiments/{}.toml", manifest.experiment)),
    ];
    words.extend(manifest.overrides.iter().map(|o| format!("--set {}", quoted(o))));
    words.extend(manifest.only.iter().map(|o| format!("--only {}", quoted(o))));
    // Written as an override, the number of blocks is there already.
    if !manifest.overrides.iter().any(|o| o.starts_with("blocks")) {
        words.extend(option(&manifest.argv, "--blocks").map(|n| format!("--blocks {}", quoted(n))));
    }
    words.join(" ")
}

/// The value of an option of a command line.
fn option<'a>(argv: &'a [String], name: &str) -> Option<&'a str> {
    let at = argv.iter().position(|a| a == name);
    let apart = at.and_then(|i| argv.get(i + 1)).map(String::as_str);
    apart.or_else(|| argv.iter().find_map(|a| a.strip_prefix(name)?.strip_prefix('=')))
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("workload.requests=10"), "workload.requests=10");
        assert_eq!(quoted("label=it's `x`"), "'label=it'\\''s `x`'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn an_option_is_found_in_both_forms() {
        let argv = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(option(&argv(&["run", "--blocks", "3"]), "--blocks"), Some("3"));
        assert_eq!(option(&argv(&["run", "--blocks=3"]), "--blocks"), Some("3"));
        assert_eq!(option(&argv(&["run", "--blocks"]), "--blocks"), None);
    }
}
