//! Programs: clients that are no part of inflight, as a command and a contract.
//!
//! `docs/programs.md` has the contract. A program is data: the words of its command, with placeholders
//! for what differs between trials. No shell stands between the harness and the program.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::vocabulary::Reuse;

/// A program as it is declared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name: the `client` of its strategies.
    pub name: String,
    /// The file that declares it, as the experiment names it; empty if it is the experiment.
    pub file: String,
    /// Folder of that file, in which it runs.
    pub folder: PathBuf,
    /// The words of its command.
    pub run: Vec<String>,
    /// The words of the command that tells its version; none, if empty.
    pub version: Vec<String>,
    /// The files that it consists of, relative to its folder.
    pub files: Vec<String>,
    /// Keys of its own, each with the values that it may have.
    pub settings: BTreeMap<String, Vec<String>>,
    /// The index by which its requests are told apart.
    pub index_by: IndexBy,
    /// Its use of connections, if it says so.
    pub reuse: Option<Reuse>,
    /// The command that installs it, for a reader.
    pub install: Option<String>,
}

/// Index by which the requests of a program are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexBy {
    /// By the number in their path.
    #[default]
    Path,
    /// By the order in which they arrive at the server.
    Arrival,
}

impl IndexBy {
    /// Every way, in the order of the documentation.
    pub const ALL: [IndexBy; 2] = [IndexBy::Path, IndexBy::Arrival];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            IndexBy::Path => "path",
            IndexBy::Arrival => "arrival",
        }
    }

    /// Whether it is [`IndexBy::Path`].
    pub fn is_path(&self) -> bool {
        *self == IndexBy::Path
    }
}

impl fmt::Display for IndexBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The values of a program's own settings: `name=value`, by name, with a space between two.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(pub BTreeMap<String, String>);

impl Settings {
    /// Parses the text that `Display` gives; `None` if it is none.
    pub fn parse(text: &str) -> Option<Settings> {
        let pair = |word: &str| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let settings = text.split(' ').map(pair).collect::<Option<BTreeMap<_, _>>>()?;
        Some(Settings(settings))
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.0.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            write!(f, "{space}{name}={value}")?;
        }
        Ok(())
    }
}

/// Placeholders that every program has, with their meaning.
pub const PLACEHOLDERS: [(&str, &str); 10] = [
    ("url", "base URL, without a slash at its end: request i is `{url}/i`"),
    ("host", "host of the URL"),
    ("port", "port of the URL"),
    ("requests", "number of requests"),
    ("last", "number of the last request: requests - 1"),
    ("limit", "requests in flight at most; 0 without a limit"),
    ("max_connections", "open connections at most; 0 without such a limit"),
    ("timeout", "seconds that a request may take; 0 without a timeout"),
    ("seed", "seed of the experiment"),
    ("report", "file to which it appends its report"),
];

/// Interpreters that a placeholder may name, with the command that `PATH` has.
pub const INTERPRETERS: [(&str, &str); 6] = [
    ("python", "python3"),
    ("node", "node"),
    ("java", "java"),
    ("go", "go"),
    ("ruby", "ruby"),
    (THIS, "inflight"),
];

/// The placeholder of this binary.
const THIS: &str = "inflight";

/// All that differs between the trials of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// The program.
    pub program: &'a Program,
    /// Values of its settings.
    pub settings: &'a Settings,
    /// Host and port of the server.
    pub server: std::net::SocketAddr,
    /// Path before the number of a request, without a slash at its end.
    pub base: &'a str,
    /// Number of requests.
    pub requests: u32,
    /// Requests in flight at most.
    pub limit: Option<u32>,
    /// Open connections at most.
    pub max_connections: Option<u32>,
    /// Time that a request may take.
    pub timeout_ns: Option<u64>,
    /// Seed of the experiment.
    pub seed: u64,
    /// Bytes of an answer's body.
    pub body_bytes: u64,
    /// File to which the program appends its report.
    pub report: &'a Path,
}

impl Call<'_> {
    /// The command, with its environment and its working directory.
    pub fn command(&self) -> Command {
        let words: Vec<String> = self.program.run.iter().map(|word| self.filled(word)).collect();
        let mut command = self.program.command_of(&words);
        command.env("INFLIGHT_URL", self.url());
        command.env("INFLIGHT_REQUESTS", self.requests.to_string());
        command.env("INFLIGHT_SEED", self.seed.to_string());
        command.env("INFLIGHT_BODY_BYTES", self.body_bytes.to_string());
        command.env("INFLIGHT_REPORT", self.report);
        // The server is here, whatever proxies the caller's environment names.
        command.env("NO_PROXY", "*").env("no_proxy", "*");
        // A value of the caller's environment is not this trial's.
        for name in ["INFLIGHT_LIMIT", "INFLIGHT_MAX_CONNECTIONS", "INFLIGHT_TIMEOUT"] {
            command.env_remove(name);
        }
        if let Some(limit) = self.limit {
            command.env("INFLIGHT_LIMIT", limit.to_string());
        }
        if let Some(most) = self.max_connections {
            command.env("INFLIGHT_MAX_CONNECTIONS", most.to_string());
        }
        if let Some(ns) = self.timeout_ns {
            command.env("INFLIGHT_TIMEOUT", seconds(ns));
        }
        for (name, value) in &self.settings.0 {
            command.env(variable(name), value);
        }
        command
    }

    fn url(&self) -> String {
        format!("http://{}{}", self.server, self.base)
    }

    /// A word of the command with the placeholders replaced.
    fn filled(&self, word: &str) -> String {
        fill(word, |name| {
            Some(match name {
                "url" => self.url(),
                "host" => self.server.ip().to_string(),
                "port" => self.server.port().to_string(),
                "requests" => self.requests.to_string(),
                "last" => self.requests.saturating_sub(1).to_string(),
                "limit" => self.limit.unwrap_or(0).to_string(),
                "max_connections" => self.max_connections.unwrap_or(0).to_string(),
                "timeout" => self.timeout_ns.map_or_else(|| "0".to_owned(), seconds),
                "seed" => self.seed.to_string(),
                "report" => self.report.display().to_string(),
                name => match self.settings.0.get(name) {
                    Some(value) => value.clone(),
                    None => self.program.interpreter(name)?,
                },
            })
        })
    }
}

/// The variable of the environment that has the value of a setting.
pub(super) fn variable(setting: &str) -> String {
    format!("INFLIGHT_SETTING_{}", setting.to_uppercase().replace('-', "_"))
}

/// Nanoseconds as decimal seconds.
pub(super) fn seconds(ns: u64) -> String {
    let text = format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Program {
    /// The command that tells its version; `None` if none is declared.
    pub fn version_command(&self) -> Option<Command> {
        let filled = |word: &String| fill(word, |name| self.interpreter(name));
        let words: Vec<String> = self.version.iter().map(filled).collect();
        (!words.is_empty()).then(|| self.command_of(&words))
    }

    pub(super) fn command_of(&self, words: &[String]) -> Command {
        let first = words.first().map(String::as_str).unwrap_or_default();
        // The folder of a relative path is this one, whatever the caller's is.
        let path = match first.contains('/') {
            true => self.absolute_folder().join(first),
            false => PathBuf::from(first),
        };
        let mut command = Command::new(path);
        command.args(words.get(1..).unwrap_or_default()).current_dir(self.absolute_folder());
        command
    }

    fn absolute_folder(&self) -> PathBuf {
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder };
        std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
    }

    /// Path of a file of the program.
    pub fn path_of(&self, file: &str) -> PathBuf {
        self.absolute_folder().join(file)
    }

    /// The command of an interpreter: what the environment names (`INFLIGHT_PYTHON`), the virtual
    /// environment beside the program, or the usual name.
    pub(super) fn interpreter(&self, name: &str) -> Option<String> {
        let (_, usual) = INTERPRETERS.iter().find(|(known, _)| *known == name)?;
        if let (THIS, Ok(binary)) = (name, std::env::current_exe()) {
            return Some(binary.display().to_string());
        }
        let variable = format!("INFLIGHT_{}", name.to_uppercase());
        if let Some(named) = std::env::var(variable).ok().filter(|named| !named.is_empty()) {
            return Some(named);
        }
        let own = self.absolute_folder().join(".venv/bin/python3");
        let own = (name == "python" && own.exists()).then(|| own.display().to_string());
        Some(own.unwrap_or_else(|| (*usual).to_owned()))
    }

    /// The program where its experiment stands in another folder now.
    pub fn moved(&mut self, base: &Path) {
        let parent = Path::new(&self.file).parent().unwrap_or(Path::new(""));
        self.folder = base.join(parent);
    }
}

/// The names between braces in a word. Braces around anything else are no placeholder.
pub fn placeholders(word: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = word;
    while let Some((_, after)) = rest.split_once('{') {
        rest = after;
        if let Some((name, after)) = after.split_once('}')
            && is_name(name)
        {
            names.push(name);
            rest = after;
        }
    }
    names
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || "_-".contains(c))
}

/// A word with its placeholders replaced; one that has no value stays as it is.
pub(super) fn fill(word: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        rest = after;
        match after.split_once('}') {
            Some((name, after)) if is_name(name) => {
                match value(name) {
                    Some(value) => filled.push_str(&value),
                    None => filled.push_str(&format!("{{{name}}}")),
                }
                rest = after;
            }
            _ => filled.push('{'),
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn program() -> Program {
        Program {
            name: "aiohttp".to_owned(),
            file: String::new(),
            folder: PathBuf::from("programs"),
            run: ["{python}", "a.py", "--limit={limit}", "{url}/[0-{last}]", "{session}", "{x}{"]
                .map(str::to_owned)
                .to_vec(),
            version: Vec::new(),
            files: Vec::new(),
            settings: BTreeMap::from([("session".to_owned(), vec!["shared".to_owned()])]),
            index_by: IndexBy::Path,
            reuse: None,
            install: None,
        }
    }

    #[test]
    fn a_command_has_its_values_in_words_and_environment() {
        let settings = Settings::parse("session=shared").expect("a setting");
        let program = program();
        let call = Call {
            program: &program,
            settings: &settings,
            server: "127.0.0.1:81".parse().expect("an address"),
            base: "",
            requests: 20,
            limit: None,
            max_connections: None,
            timeout_ns: Some(1_500_000_000),
            seed: 1,
            body_bytes: 0,
            report: Path::new("/r"),
        };
        let command = call.command();
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        let want = ["a.py", "--limit=0", "http://127.0.0.1:81/[0-19]", "shared", "{x}{"];
        assert_eq!(words, want);
        let value = |name: &str| {
            let (_, value) = command.get_envs().find(|(key, _)| *key == name)?;
            value.map(|value| value.to_string_lossy().into_owned())
        };
        assert_eq!(value("INFLIGHT_TIMEOUT").as_deref(), Some("1.5"));
        assert_eq!(value("INFLIGHT_LIMIT"), None);
        assert_eq!(value("INFLIGHT_SETTING_SESSION").as_deref(), Some("shared"));
        assert!(command.get_current_dir().is_some_and(Path::is_absolute));
    }

    #[test]
    fn placeholders_are_names_in_braces() {
        assert_eq!(placeholders("{url}/{last}"), ["url", "last"]);
        assert!(placeholders("{} {A} {a b} {").is_empty());
    }

    proptest! {
        #[test]
        fn settings_are_read_back(
            all in prop::collection::btree_map("[a-z]{1,5}", "[a-z0-9.-]{1,5}", 1..4),
        ) {
            let settings = Settings(all);
            prop_assert_eq!(Settings::parse(&settings.to_string()), Some(settings));
        }

        #[test]
        fn a_word_without_braces_stays(word in "[^{}]*") {
            prop_assert_eq!(fill(&word, |_| None), word);
        }
    }
}
