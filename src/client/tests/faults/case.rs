//! A case of the table.

use std::any::Any;

use super::*;

/// A fault that requests meet, and the failure that each library makes of it.
pub(super) struct Case {
    /// The fault in plain words.
    pub(super) name: &'static str,
    /// The versions of HTTP over which it does.
    pub(super) protocols: &'static [Protocol],
    /// Starts the server; every trial has its own.
    pub(super) server: fn() -> Faulty,
    /// Change of the trial's scenario.
    pub(super) scenario: fn(Scenario) -> Scenario,
    /// Whether requests have a timeout.
    pub(super) timeout: bool,
    /// The requests, by index, that it happens to.
    pub(super) meets: fn(u32) -> bool,
    /// The failure that libraries report.
    pub(super) said: Said,
    /// Libraries that report another failure.
    pub(super) unlike: Vec<Unlike>,
}

/// Failure of a request, if it fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    /// Its class; without one it succeeds.
    pub(super) class: Option<&'static str>,
    /// The class that it may have instead, where two things race.
    pub(super) or: Option<&'static str>,
    /// The phase that it does not come to the end of, if that is always the same. A library that does
    /// not tell it says the next one that it tells.
    pub(super) phase: Option<Phase>,
    /// The number of the system: one of these, or none.
    pub(super) errnos: &'static [i32],
}

/// A failure that some libraries report in place of that of the others.
pub(super) struct Unlike {
    pub(super) clients: &'static [&'static str],
    pub(super) said: Said,
    pub(super) because: &'static str,
}

/// A server, and what has to live as long as it.
pub(super) struct Faulty {
    pub(super) ready: ServerReady,
    _kept: Option<Box<dyn Any>>,
}

impl Case {
    pub(super) fn new(
        name: &'static str,
        protocols: &'static [Protocol],
        server: fn() -> Faulty,
        said: Said,
    ) -> Case {
        Case {
            name,
            protocols,
            server,
            scenario: |scenario| scenario,
            timeout: false,
            meets: |_| true,
            said,
            unlike: Vec::new(),
        }
    }

    /// The case with a timeout of requests.
    pub(super) fn in_time(self) -> Case {
        Case { timeout: true, ..self }
    }

    /// The case with another scenario.
    pub(super) fn with(self, scenario: fn(Scenario) -> Scenario) -> Case {
        Case { scenario, ..self }
    }

    /// The case where only these requests meet the fault.
    pub(super) fn to(self, meets: fn(u32) -> bool) -> Case {
        Case { meets, ..self }
    }

    /// The case where these clients report another failure.
    pub(super) fn unlike(
        mut self,
        clients: &'static [&'static str],
        said: Said,
        because: &'static str,
    ) -> Case {
        self.unlike.push(Unlike { clients, said, because });
        self
    }

    /// The failure that this library reports.
    pub(super) fn said_by(&self, library: &Library) -> Said {
        let unlike = self.unlike.iter().find(|unlike| unlike.clients.contains(&library.name));
        unlike.map_or(self.said, |unlike| unlike.said)
    }
}

/// A failure of this class.
pub(super) const fn fails(class: &'static str) -> Said {
    Said { class: Some(class), or: None, phase: None, errnos: &[] }
}

/// No failure.
pub(super) const FINE: Said = Said { class: None, or: None, phase: None, errnos: &[] };

impl Said {
    /// This failure, or one of that class.
    pub(super) const fn or(self, class: &'static str) -> Said {
        Said { or: Some(class), ..self }
    }

    /// This failure, always in this phase.
    pub(super) const fn in_phase(self, phase: Phase) -> Said {
        Said { phase: Some(phase), ..self }
    }

    /// This failure, with one of these error numbers of the system.
    pub(super) const fn errno(self, errnos: &'static [i32]) -> Said {
        Said { errnos, ..self }
    }
}

impl Faulty {
    /// A server that is there for good.
    pub(super) fn at(addr: SocketAddr) -> Faulty {
        Faulty::ready(ServerReady::at(addr))
    }

    /// A server with a certificate or a name server.
    pub(super) fn ready(ready: ServerReady) -> Faulty {
        Faulty { ready, _kept: None }
    }

    /// A server that lives as long as this.
    pub(super) fn keeping(self, kept: impl Any) -> Faulty {
        Faulty { _kept: Some(Box::new(kept)), ..self }
    }
}
