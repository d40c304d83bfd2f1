//! How to do it again.

use super::facts::Facts;
use super::markdown::{code, details, fenced};

/// The commands, and the experiment file.
pub(super) fn section(facts: &Facts) -> String {
    let recording = facts.recording;
    let manifest = &recording.manifest;
    let run = format!("results/{}/{}", manifest.machine, recording.name);
    let checkout = manifest.build.commit.as_ref().map(|commit| format!("git checkout {commit}"));
    let back = checkout.as_ref().map(|_| "git checkout -".to_owned());
    let again = ["cargo install --locked --path .".to_owned(), run_command(facts)];
    let read = [
        format!("inflight report {}", quoted(&run)),
        format!("inflight diff {} results/YOUR-MACHINE/YOUR-RUN", quoted(&run)),
    ];
    let commands: Vec<String> = checkout.into_iter().chain(again).chain(back).chain(read).collect();
    let all_builds = || manifest.builds.iter().map(|s| &s.build).chain([&manifest.build]);
    let dirty = match all_builds().find_map(|build| build.dirty.as_ref()) {
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
         trials everywhere. The first commands make a recording of your own with the same build. \
         The last two need the checkout that holds the record {}: they make this report again, and \
         compare; `inflight diff` gives verdicts on the same machine only.{dirty}\n\n{experiment}",
        fenced("sh", &commands.join("\n")),
        code(&recording.name),
    )
}

/// `inflight run`, or `inflight ab`, with the options that change what is run.
fn run_command(facts: &Facts) -> String {
    let manifest = &facts.recording.manifest;
    let command = if manifest.builds.is_empty() { "inflight run" } else { "inflight ab" };
    let mut words = vec![command.to_owned()];
    words.extend(manifest.builds.iter().map(|side| match &side.build.commit {
        Some(commit) => format!("--{} {commit}", side.name),
        None => format!("--{}-bin PATH", side.name),
    }));
    words.push(quoted(&format!("experiments/{}.toml", manifest.experiment)));
    words.extend(manifest.overrides.iter().map(|o| format!("--set {}", quoted(o))));
    words.extend(manifest.only.iter().map(|o| format!("--only {}", quoted(o))));
    words.join(" ")
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
}
