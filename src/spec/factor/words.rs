//! Words that values of factors are written with.

use crate::delay::Sampling;
use crate::spec::forms::Word;
use crate::strategy::{ByName, Library, Listed, Model};
use crate::vocabulary::{Protocol, Retries, Reuse, RttBy};

pub(super) fn models() -> Vec<Word<ByName<Model>>> {
    listed(|model| model.summary)
}

pub(super) fn clients() -> Vec<Word<ByName<Library>>> {
    listed(|library| library.summary)
}

fn listed<T: Listed>(doc: fn(&T) -> &str) -> Vec<Word<ByName<T>>> {
    let word = |&one: &&'static T| Word {
        word: one.name(),
        value: ByName::Known(one),
        doc: doc(one).to_owned(),
    };
    T::ALL.iter().map(word).collect()
}

pub(super) fn unknown<T>(name: &str) -> ByName<T> {
    ByName::Unknown(name.to_owned())
}

pub(super) fn protocols() -> Vec<Word<Protocol>> {
    let doc = |protocol| match protocol {
        Protocol::Http1 => "HTTP/1.1",
        Protocol::Http2 => "HTTP/2, by ALPN with TLS and by prior knowledge without",
    };
    Protocol::ALL.map(|p| Word { word: p.name(), value: p, doc: doc(p).to_owned() }).into()
}

pub(super) fn retries() -> Vec<Word<Retries>> {
    let doc = |retries| match retries {
        Retries::Library => {
            "what its library does by default; only reqwest and reqwest-blocking, over HTTP/2"
        }
        Retries::None => "nothing: the library is told not to, if it would",
    };
    Retries::ALL.map(|r| Word { word: r.name(), value: r, doc: doc(r).to_owned() }).into()
}

pub(super) fn reuses() -> Vec<Word<Reuse>> {
    let doc = |reuse| match reuse {
        Reuse::None => "a connection for every request",
        Reuse::Session => "one client for the whole trial; it keeps its connections",
        Reuse::Pool => "a fresh client object for every request over one shared pool",
    };
    Reuse::ALL.map(|r| Word { word: r.name(), value: r, doc: doc(r).to_owned() }).into()
}

pub(super) fn draws() -> Vec<Word<Sampling>> {
    let doc = |sampling| match sampling {
        Sampling::Independent => "each by itself: a rare part of the model may be missing",
        Sampling::Stratified => "one from each of as many equal strata as there are requests",
    };
    Sampling::ALL.map(|s| Word { word: s.name(), value: s, doc: doc(s).to_owned() }).into()
}

pub(super) fn rtt_holders() -> Vec<Word<RttBy>> {
    let doc = |by| match by {
        RttBy::Auto => "netem where the machine has it, otherwise the relay",
        RttBy::Netem => "the kernel's netem; a trial is skipped where there is none",
        RttBy::Tun => "the relay behind a TUN device",
    };
    RttBy::ALL.map(|by| Word { word: by.name(), value: by, doc: doc(by).to_owned() }).into()
}
