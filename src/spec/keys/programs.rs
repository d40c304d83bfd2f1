//! `programs` and `[[program]]`: clients that are no part of inflight.

use crate::spec::forms::{Choices, FileName, Line, OneOf, Word, WordList};
use crate::spec::key::{AnyKey, Key, Presence, Section, TableForm};
use crate::strategy::IndexBy;
use crate::vocabulary::Reuse;

pub(in crate::spec) static PROGRAM_FILES: Key<FileName> = Key::optional(
    "programs",
    FileName,
    "files with `[[program]]` and `[[service]]` tables, relative to this file",
)
.otherwise("only the programs of this file")
.many();

pub(in crate::spec) static PROGRAM: Section = Section {
    name: "program",
    presence: Presence::Optional,
    many: true,
    table: &TableForm {
        title: "[[program]]",
        doc: "A client that is no part of inflight: a command that follows the contract of docs/programs.md.",
        keys: || {
            let keys: [&dyn AnyKey; 8] = [
                &PROGRAM_NAME,
                &RUN,
                &VERSION,
                &FILES,
                &SETTINGS,
                &INDEX_BY,
                &PROGRAM_REUSE,
                &INSTALL,
            ];
            keys.into()
        },
        either: &[],
    },
};

pub(in crate::spec) static PROGRAM_NAME: Key<Line> = Key::required(
    "name",
    Line { example: "\"aiohttp\"" },
    "name of the program: the `client` of its cells; letters, digits, `-`, `_` and `.`",
);
pub(in crate::spec) static RUN: Key<WordList> = Key::required(
    "run",
    WordList { example: r#"["{python}", "client.py", "--limit", "{limit}"]"# },
    "words of its command, with placeholders in braces; no shell is involved",
);
pub(in crate::spec) static VERSION: Key<WordList> = Key::optional(
    "version",
    WordList { example: r#"["{python}", "--version"]"# },
    "words of the command whose first line of output is its version",
)
.otherwise("its version is not recorded");
pub(in crate::spec) static FILES: Key<WordList> = Key::optional(
    "files",
    WordList { example: r#"["client.py"]"# },
    "files that it consists of; the record has their digest and their lines of code",
)
.otherwise("its files are not recorded");
pub(in crate::spec) static SETTINGS: Key<Choices> = Key::optional(
    "settings",
    Choices,
    "keys of its own for `[[strategy]]`, each with the values that it may have",
)
.otherwise("it has none");
pub(in crate::spec) static INDEX_BY: Key<OneOf<IndexBy>> = Key::optional(
    "index_by",
    OneOf::new(ways_of_index, "\"arrival\""),
    "how its requests are told apart",
)
.default("\"path\"");
pub(in crate::spec) static PROGRAM_REUSE: Key<OneOf<Reuse>> = Key::optional(
    "reuse",
    OneOf::new(reuses, "\"session\""),
    "how it treats connections, which is checked",
)
.otherwise("its connections are counted and not checked");
pub(in crate::spec) static INSTALL: Key<Line> = Key::optional(
    "install",
    Line { example: "\"just programs\"" },
    "the command that installs it; shown where it is missing",
)
.otherwise("nothing is shown");

fn ways_of_index() -> Vec<Word<IndexBy>> {
    let doc = |by| match by {
        IndexBy::Path => "by the number in their path: request i asks for `/i`",
        IndexBy::Arrival => "by their order at the server, for a client that cannot number them",
    };
    IndexBy::ALL.map(|by| Word { word: by.name(), value: by, doc: doc(by).to_owned() }).into()
}

fn reuses() -> Vec<Word<Reuse>> {
    let word =
        |reuse: Reuse, doc: &str| Word { word: reuse.name(), value: reuse, doc: doc.to_owned() };
    vec![
        word(Reuse::None, "a connection for every request"),
        word(Reuse::Session, "connections are kept, as many as requests in flight"),
    ]
}
