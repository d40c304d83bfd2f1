//! Parts that the tables of programs and of services have in common: name, command and settings.

use std::collections::BTreeMap;

use crate::spec::Factor;
use crate::spec::error::Problem;
use crate::spec::forms::is_name;
use crate::spec::key::{Placed, Reading};
use crate::strategy::program::{INTERPRETERS, placeholders};

/// Key of a strategy that names its program.
pub(super) const PROGRAM_KEY: &str = "program";

/// Keys of a program's own, each with the values that it may have.
pub(super) type Choices = BTreeMap<String, Vec<String>>;

pub(super) fn words(list: &Option<Placed<Vec<String>>>) -> Vec<String> {
    list.as_ref().map(|list| list.value.clone()).unwrap_or_default()
}

pub(super) fn check_name(name: Option<&Placed<String>>, of: &str, reading: &mut Reading) {
    if let Some(name) = name.filter(|name| !is_name(&name.value)) {
        let what = format!("{:?} is no name of {of}", name.value);
        reading.report(Problem::at(name.span, what).hint("use letters, digits, `-`, `_` and `.`"));
    }
}

/// Reports settings that would hide a key of every strategy.
pub(super) fn check_settings(settings: Option<&Placed<Choices>>, reading: &mut Reading) {
    for (setting, span) in settings.iter().flat_map(|s| s.value.keys().map(|key| (key, s.span))) {
        let is_factor = Factor::ALL.iter().any(|factor| factor.name() == setting);
        if is_factor || setting == PROGRAM_KEY {
            let what = format!("`{setting}` is a key of every strategy");
            reading.report(Problem::at(span, what).hint("give the setting another name"));
        }
    }
}

/// Reports placeholders of commands that have no value.
pub(super) fn check_placeholders(
    commands: [&Option<Placed<Vec<String>>>; 2],
    own: &[(&str, &str)],
    settings: &Choices,
    reading: &mut Reading,
) {
    let known: Vec<&str> = own
        .iter()
        .chain(&INTERPRETERS)
        .map(|(name, _)| *name)
        .chain(settings.keys().map(String::as_str))
        .collect();
    for list in commands.into_iter().flatten() {
        for word in &list.value {
            for name in placeholders(word).into_iter().filter(|name| !known.contains(name)) {
                let what = format!("{word:?} has a placeholder that means nothing: `{{{name}}}`");
                let problem = Problem::at(list.span, what);
                reading.report(problem.known(name, known.iter().copied()));
            }
        }
    }
}
