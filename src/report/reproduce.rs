//! The section with commands that record and report again.

use std::path::Path;

use super::facts::Facts;
use crate::page::{Block, Words, code, details, heading, words};
use crate::record::{Build, EXPERIMENT, Manifest, Origin, RecordError, Recording, Side};

/// The commands, and the experiment file.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let recording = facts.whole;
    let manifest = &recording.manifest;
    let typed = Typed::of(recording);
    let commit = manifest.build.commit.as_ref().filter(|_| typed.in_checkout);
    let checkout = commit.map(|commit| format!("git checkout {commit}"));
    let back = checkout.as_ref().map(|_| "git checkout -".to_owned());
    let install = typed.in_checkout.then(|| "cargo install --locked --path .".to_owned());
    let again = install.into_iter().chain([run_command(manifest, &typed)]);
    let read = [
        format!("inflight report {}", quoted(&typed.run)),
        format!(
            "inflight diff {} {}/YOUR-MACHINE/YOUR-RUN",
            quoted(&typed.run),
            quoted(&typed.results)
        ),
    ];
    let commands: Vec<String> = checkout.into_iter().chain(again).chain(back).chain(read).collect();
    let how =
        words!("The same seeds give the same delays and the same order of trials everywhere. "(
            how(recording, &typed)
        )(unnamed_folders(&typed, manifest)));
    let mut out =
        vec![heading(2, "How to reproduce"), Block::Code("sh", commands.join("\n")), how.into()];
    let all_builds = || manifest.builds.iter().map(|s| &s.build).chain([&manifest.build]);
    let is_dirty = |build: &Build| {
        let mut patches = build.patched.iter().flat_map(|patched| &patched.crates);
        build.dirty.is_some() || patches.any(|patch| patch.dirty.is_some())
    };
    if all_builds().any(is_dirty) {
        out.push(Block::from(
            "The build had changes that are not in its commit, so the first command gives something \
             close to it, not the same.",
        ));
    }
    out.push(if recording.experiment_text.trim().is_empty() {
        "The record does not hold the experiment file.".into()
    } else {
        let text = recording.experiment_text.clone();
        details(typed.title, vec![Block::Code("toml", text)])
    });
    Ok(out)
}

/// Which commands do what, and with which build.
fn how(recording: &Recording, typed: &Typed) -> Words {
    let name = code(&recording.name);
    let diff = words!((code("inflight diff")) " gives verdicts on the same machine only.");
    if typed.in_checkout {
        return words!(
            "The first commands make a recording of your own with the same build. The last two need \
             the checkout that holds the record " name ": they make this report again, and compare; "
            diff
        );
    }
    let build = &recording.manifest.build;
    let of_commit = match &build.commit {
        Some(_) => words!(", built from commit "(code(build.short()))),
        None => Words::default(),
    };
    words!(
        "The first command, where this one was given, makes a recording of your own; it was inflight "
        (&build.version) of_commit ". The last two need the record " name ": they make this report \
         again, and compare; " diff
    )
}

/// Advice on folders that a record does not name.
fn unnamed_folders(typed: &Typed, manifest: &Manifest) -> Words {
    let mut all = Words::default();
    let Some(given) = &manifest.given else { return all };
    if given.results.absolute {
        all.push(words!(
            " A record names no folder above its own: give the commands in the folder that holds "
            (code(&typed.results)) ", or put that folder's path before it."
        ));
    }
    if given.binaries.values().any(|path| path.absolute) {
        all.push(words!(" " (code("PATH")) " stands for the folder of a binary, likewise."));
    }
    if manifest.builds.iter().any(|side| !side.patch_options().is_empty()) {
        all.push(words!(
            " After the name of a crate, " (code("PATH")) " stands for its folder in a clone."
        ));
    }
    if needs_source(manifest, typed) {
        all.push(words!(" " (code("SOURCE")) " stands for a checkout of inflight."));
    }
    all
}

/// Arguments as they were typed, as far as a record says.
struct Typed {
    /// The folder of the records.
    results: String,
    /// The recording.
    run: String,
    /// The experiment file: as it was given, or else the copy in the record.
    file: String,
    /// Title of the experiment.
    title: String,
    /// Whether it was in a checkout of inflight.
    in_checkout: bool,
}

impl Typed {
    fn of(recording: &Recording) -> Typed {
        let manifest = &recording.manifest;
        let given = manifest.given.as_ref();
        let results = given.map_or("results", |given| &given.results.path);
        let results = match results.trim_end_matches('/') {
            "" => ".",
            results => results,
        };
        let run = format!("{results}/{}/{}", manifest.machine, recording.name);
        let name = format!("{}.toml", manifest.experiment);
        let file = match given {
            Some(given) if given.file.absolute => None,
            Some(given) => Some(given.file.path.clone()),
            // Older recordings have the command line, in which an absolute path is its last part: what
            // has a folder was relative. They were made in a checkout.
            None => {
                let folders = |arg: &&String| {
                    let path = Path::new(arg);
                    path.file_name().is_some_and(|file| *file == *name)
                        && path.parent().is_some_and(|folder| !folder.as_os_str().is_empty())
                };
                let typed = manifest.argv.iter().find(folders).cloned();
                Some(typed.unwrap_or_else(|| format!("experiments/{name}")))
            }
        };
        let title = file.clone().unwrap_or_else(|| given.map_or(name, |g| g.file.path.clone()));
        Typed {
            file: file.unwrap_or_else(|| format!("{run}/{EXPERIMENT}")),
            title,
            results: results.to_owned(),
            run,
            // Another commit need not have the copy in the record.
            in_checkout: given.is_none_or(|given| given.in_checkout && !given.file.absolute),
        }
    }
}

/// `inflight run`, or `inflight ab`, with the options that change what is run.
fn run_command(manifest: &Manifest, typed: &Typed) -> String {
    let command = if manifest.builds.is_empty() { "inflight run" } else { "inflight ab" };
    let mut words = vec![command.to_owned()];
    words.extend(manifest.builds.iter().map(|side| build_option(manifest, side)));
    words.extend(manifest.builds.iter().flat_map(Side::patch_options));
    words.extend(needs_source(manifest, typed).then(|| "--source SOURCE".to_owned()));
    words.push(quoted(&typed.file));
    words.extend(manifest.overrides.iter().map(|o| format!("--set {}", quoted(o))));
    words.extend(manifest.only.iter().map(|o| format!("--only {}", quoted(o))));
    words.join(" ")
}

/// Whether builds are made that were not made in the folder they were asked for in.
fn needs_source(manifest: &Manifest, typed: &Typed) -> bool {
    !typed.in_checkout && manifest.builds.iter().any(|side| side.origin != Origin::Binary)
}

/// The option that gives a build of a comparison: its commit, or the binary as it was given.
fn build_option(manifest: &Manifest, side: &Side) -> String {
    let name = &side.name;
    if let (Some(commit), false) = (&side.build.commit, side.origin == Origin::Binary) {
        return format!("--{name} {commit}");
    }
    let given = manifest.given.as_ref().and_then(|given| given.binaries.get(name));
    let path = match given {
        Some(path) if path.absolute => format!("PATH/{}", path.path),
        Some(path) => path.path.clone(),
        None => "PATH".to_owned(),
    };
    format!("--{name}-bin {}", quoted(&path))
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
    use crate::analyse::Analysis;
    use crate::record::synthetic::{experiment, recording_of_builds, strategy};
    use crate::record::{Given, GivenPath, Patch, Patched};

    fn section_of(builds: &[&str], change: impl FnOnce(&mut Manifest)) -> String {
        let experiment = experiment(vec![strategy("s", "sequential", None)], 1);
        let mut recording = recording_of_builds(experiment, builds, |_, _, _| ());
        change(&mut recording.manifest);
        let analysis = Analysis::of(&recording);
        let page = section(&Facts::new(&recording, &recording, &analysis)).expect("a section");
        crate::page::markdown::text(&page)
    }

    fn given(file: &str, results: &str, in_checkout: bool) -> Given {
        let [file, results] = [file, results].map(|path| GivenPath::of(Path::new(path)));
        Given { file, results, binaries: std::collections::BTreeMap::new(), in_checkout }
    }

    #[test]
    fn a_file_is_named_as_it_was_given_or_else_as_its_copy() {
        let of = |given: Option<Given>| section_of(&[], |manifest| manifest.given = given);
        let older = of(None);
        assert!(older.contains("\ninflight run experiments/synthetic.toml\n"), "{older}");
        let relative = of(Some(given("../mine/it's.toml", "out/", true)));
        assert!(relative.contains("\ninflight run '../mine/it'\\''s.toml'\n"), "{relative}");
        assert!(relative.contains("\ninflight report out/linux-"), "{relative}");
        assert!(relative.contains("git checkout 0123"), "{relative}");
        let outside = of(Some(given("synthetic.toml", "results", false)));
        assert!(outside.contains("```sh\ninflight run synthetic.toml\n"), "{outside}");
        assert!(!outside.contains("git") && outside.contains("inflight 0.1.0, built"), "{outside}");
        let absolute = of(Some(given("/home/me/mine.toml", "/tmp/out", true)));
        assert!(absolute.contains("```sh\ninflight run out/linux-"), "{absolute}");
        assert!(absolute.contains("/experiment.toml\n"), "{absolute}");
        assert!(!absolute.contains("/home") && !absolute.contains("/tmp"), "{absolute}");
        assert!(absolute.contains("the folder that holds `out`"), "{absolute}");
    }

    #[test]
    fn binaries_are_named_as_they_were_given() {
        let page = section_of(&["base", "new"], |manifest| {
            let mut with = given("a.toml", "results", false);
            let path = |path: &str| GivenPath::of(Path::new(path));
            with.binaries.insert("base".to_owned(), path("../old/inflight"));
            with.binaries.insert("new".to_owned(), path("/opt/new/inflight"));
            manifest.given = Some(with);
            manifest.builds.iter_mut().for_each(|side| side.origin = Origin::Binary);
        });
        let wanted = "inflight ab --base-bin ../old/inflight --new-bin PATH/inflight a.toml\n";
        assert!(page.contains(wanted) && page.contains("`PATH` stands"), "{page}");
        let commits = section_of(&["base", "new"], |_| ());
        assert!(commits.contains("inflight ab --base 0000"), "{commits}");
    }

    #[test]
    fn patches_are_given_by_commit_and_without_a_folder() {
        let patch = |dirty: Option<&str>| Patch {
            name: "ureq".to_owned(),
            version: "3.5.1".to_owned(),
            commit: Some("ab".repeat(20)),
            dirty: dirty.map(str::to_owned),
        };
        let patched = |dirty| Some(Patched { crates: vec![patch(dirty)], lock: Vec::new() });
        let page = section_of(&["base", "new"], |manifest| {
            manifest.given = Some(given("a.toml", "results", false));
            manifest.builds[0].build.patched = patched(None);
            manifest.builds[1].build.patched = patched(Some("00ff"));
        });
        let options = format!("--base-patch ureq=PATH@{} --patch ureq=PATH", "ab".repeat(20));
        assert!(page.contains(&format!(" {options} --source SOURCE a.toml\n")), "{page}");
        assert!(page.contains("its folder in a clone. `SOURCE` stands for"), "{page}");
        assert!(page.contains("changes that are not in its commit"), "{page}");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("workload.requests=10"), "workload.requests=10");
        assert_eq!(quoted("label=it's `x`"), "'label=it'\\''s `x`'");
        assert_eq!(quoted(""), "''");
    }
}
