//! Services: servers that are no part of inflight, asked in place of the delay server.
//!
//! One runs already, and is named by its URL; or it is a program, which is started for each trial.
//! `docs/services.md` has what inflight expects of it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::page::{Page, Product};
use super::program::{Program, Settings, fill, seconds};

/// A service as it is declared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name, or its URL as it is written.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Path of a request, in which `{i}` is the number of the request.
    pub path: String,
    /// Rule for an answer, beside its status: 200.
    pub answer: AnswerRule,
    /// Work for each request, where it is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// Number of its workers, where it is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<Product>,
}

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Place {
    /// It runs already, at this address.
    At(SocketAddr),
    /// It is started for each trial.
    Started(Box<Started>),
    /// A name whose table has not been looked up yet.
    Named,
}

/// A service that is started for each trial.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// Its command, version, files and settings.
    pub program: Program,
    /// Path that is asked until it answers.
    pub ready: String,
    /// Time that it has until then.
    pub ready_within_ns: u64,
}

/// Rule for an answer with status 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerRule {
    /// Nothing.
    #[default]
    Any,
    /// A body, not empty.
    Body,
    /// A body of one length and checksum in all answers of the trial.
    Same,
    /// JSON.
    Json,
}

impl AnswerRule {
    /// Every rule, in the order of the documentation.
    pub const ALL: [AnswerRule; 4] =
        [AnswerRule::Any, AnswerRule::Body, AnswerRule::Same, AnswerRule::Json];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            AnswerRule::Any => "any",
            AnswerRule::Body => "body",
            AnswerRule::Same => "same",
            AnswerRule::Json => "json",
        }
    }
}

/// Placeholders that the command of every service has, with their meaning.
pub const PLACEHOLDERS: [(&str, &str); 5] = [
    ("host", "address to listen on"),
    ("port", "port to listen on"),
    (BACKEND, "URL of the backend, without a slash at its end"),
    (CALLS, "calls of the backend for each request"),
    (WORK, "own work for each request, in seconds"),
];

/// Placeholders that only a service with `calls` or `work` has.
pub const OF_PAGES: [&str; 3] = [BACKEND, CALLS, WORK];

const BACKEND: &str = "backend";
const CALLS: &str = "calls";
/// The placeholder of own work.
pub const WORK: &str = "work";

/// Page of a service as the service is told about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageTerms {
    /// Where its backend listens, if it has one.
    pub backend: Option<SocketAddr>,
    /// Calls for each page.
    pub calls: u32,
    /// Own work of each page, after scaling.
    pub work_ns: u64,
}

impl PageTerms {
    /// The value of a placeholder.
    fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            BACKEND => format!("http://{}", self.backend?),
            CALLS => self.calls.to_string(),
            WORK => seconds(self.work_ns),
            _ => return None,
        })
    }
}

impl Service {
    /// A service with this name, whose table has not been looked up yet.
    pub fn named(name: impl Into<String>) -> Service {
        Service {
            name: name.into(),
            place: Place::Named,
            path: String::new(),
            answer: AnswerRule::Any,
            page: None,
            workers: None,
        }
    }

    /// The service at a URL: `http`, an address of this machine's loopback or `localhost`, a port, a
    /// path.
    pub fn at_url(url: &str) -> Result<Service, NoUrl> {
        let Some((scheme, rest)) = url.split_once("://") else { return Err(NoUrl::Form) };
        if scheme != "http" {
            return Err(NoUrl::Scheme(scheme.to_owned()));
        }
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (authority, "80"),
        };
        let port: u16 = port.parse().map_err(|_| NoUrl::Form)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let ip = match bare {
            "localhost" => IpAddr::from(Ipv4Addr::LOCALHOST),
            bare => bare.parse().map_err(|_| NoUrl::External(host.to_owned()))?,
        };
        if !ip.is_loopback() {
            return Err(NoUrl::External(host.to_owned()));
        }
        let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
        if port == 0 || !is_path(&path) {
            return Err(NoUrl::Form);
        }
        Ok(Service { place: Place::At(SocketAddr::from((ip, port))), path, ..Service::named(url) })
    }

    /// Path of request `index`.
    pub fn path_of(&self, index: u32) -> String {
        self.path.replace("{i}", &index.to_string())
    }

    /// The part of the path to which a client program adds `/` and the number of a request; `None` if
    /// requests are not numbered like that.
    pub fn base(&self) -> Option<&str> {
        self.path.strip_suffix("/{i}").filter(|base| !base.contains("{i}"))
    }

    /// Whether it calls a backend.
    pub fn has_backend(&self) -> bool {
        self.page.as_ref().is_some_and(|page| page.calls > 0)
    }

    /// The program that is started, if any is.
    pub fn started(&self) -> Option<&Started> {
        match &self.place {
            Place::Started(started) => Some(started),
            Place::At(_) | Place::Named => None,
        }
    }

    /// The program that is started, to be changed.
    pub(super) fn started_mut(&mut self) -> Option<&mut Started> {
        match &mut self.place {
            Place::Started(started) => Some(started),
            Place::At(_) | Place::Named => None,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Why a text is no URL of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoUrl {
    /// It has another form.
    #[error("it is no URL of the form http://127.0.0.1:8000/path")]
    Form,
    /// It is not plain HTTP.
    #[error("a service is asked over plain HTTP, not over {0}")]
    Scheme(String),
    /// It is on another machine.
    #[error(
        "`{0}` is not the loopback of this machine: use 127.0.0.1, [::1] or localhost; other machines are not measured"
    )]
    External(String),
}

/// Whether a text is the path of a request, with its query.
pub fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.chars().all(|c| c.is_ascii_graphic() && c != '#')
}

impl Started {
    /// The command that listens on an address, and makes this page.
    pub fn command(
        &self,
        settings: &Settings,
        listen: SocketAddr,
        page: Option<&PageTerms>,
    ) -> Command {
        let word = |name: &str| match name {
            "host" => Some(listen.ip().to_string()),
            "port" => Some(listen.port().to_string()),
            name => settings
                .0
                .get(name)
                .cloned()
                .or_else(|| page?.value(name))
                .or_else(|| self.program.interpreter(name)),
        };
        let words: Vec<String> =
            self.program.run.iter().map(|written| fill(written, word)).collect();
        let mut command = self.program.command_of(&words);
        command.env("INFLIGHT_HOST", listen.ip().to_string());
        command.env("INFLIGHT_PORT", listen.port().to_string());
        for name in OF_PAGES {
            let variable = format!("INFLIGHT_{}", name.to_uppercase());
            match page.and_then(|page| page.value(name)) {
                Some(value) => command.env(variable, value),
                // A value of the caller's environment is not this trial's.
                None => command.env_remove(variable),
            };
        }
        for (name, value) in &settings.0 {
            command.env(super::program::variable(name), value);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_url_names_an_address_of_this_machine_and_a_path() {
        let service = Service::at_url("http://127.0.0.1:8000/a/b?c=1").expect("a URL");
        assert_eq!(service.place, Place::At("127.0.0.1:8000".parse().expect("an address")));
        assert_eq!(service.path, "/a/b?c=1");
        let at = |url: &str| Service::at_url(url).map(|s| (s.place, s.path));
        let here = |address: &str, path: &str| {
            Ok((Place::At(address.parse().expect("an address")), path.to_owned()))
        };
        assert_eq!(at("http://localhost:81"), here("127.0.0.1:81", "/"));
        assert_eq!(at("http://[::1]:81/x"), here("[::1]:81", "/x"));
        assert_eq!(at("http://127.0.0.1"), here("127.0.0.1:80", "/"));
        assert_eq!(at("http://127.0.0.1?x"), here("127.0.0.1:80", "/?x"));
    }

    #[test]
    fn what_is_no_url_of_this_machine_is_refused() {
        for (url, why) in [
            ("127.0.0.1:8000", NoUrl::Form),
            ("http://127.0.0.1:0/", NoUrl::Form),
            ("http://127.0.0.1:99999/", NoUrl::Form),
            ("http://127.0.0.1:80/a b", NoUrl::Form),
            ("http://127.0.0.1:80/a#b", NoUrl::Form),
            ("https://127.0.0.1/", NoUrl::Scheme("https".to_owned())),
            ("http://example.org/", NoUrl::External("example.org".to_owned())),
            ("http://10.0.0.1:80/", NoUrl::External("10.0.0.1".to_owned())),
            ("http://user@127.0.0.1:80/", NoUrl::External("user@127.0.0.1".to_owned())),
        ] {
            assert_eq!(Service::at_url(url), Err(why), "{url}");
        }
    }

    #[test]
    fn only_a_number_at_the_end_of_the_path_suits_a_client_program() {
        let base = |path: &str| {
            let service = Service { path: path.to_owned(), ..Service::named("x") };
            service.base().map(str::to_owned)
        };
        assert_eq!(base("/{i}").as_deref(), Some(""));
        assert_eq!(base("/a/{i}").as_deref(), Some("/a"));
        assert_eq!(base("/a?x={i}"), None);
        assert_eq!(base("/{i}/{i}"), None);
        assert_eq!(base("/"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_loopback_url_or_refused(text in "(http://)?[\\[\\]:/a-z0-9.@?#% ]{0,30}") {
            if let Ok(service) = Service::at_url(&text) {
                let Place::At(address) = service.place else { panic!("it has an address") };
                prop_assert!(address.ip().is_loopback() && is_path(&service.path));
            }
        }
    }
}
