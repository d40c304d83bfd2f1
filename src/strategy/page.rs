//! Pages: work of a service for each request, as the service declares it.
//!
//! A page makes calls of a backend, which is the delay server: call `k` of page `i` is request
//! `i × calls + k` there. So the time of a page is known beforehand, and with it the ideal of a trial.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::own_work::OwnWork;
use super::program::{Settings, placeholders};
use super::schedule;

/// Work of a service for each request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Calls of the backend; it has none, if 0.
    pub calls: u32,
    /// Order of these calls: a word of [`Outbound`], or a setting in braces that holds one.
    pub outbound: String,
    /// Pages that are served at once.
    pub slots: Slots,
    /// Work of the page's own, before scaling.
    pub work: Option<OwnWork>,
}

/// Pages that a service serves at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slots {
    /// Any number.
    Any,
    /// This many.
    Of(Product),
    /// As many as it has threads, unless a thread [serves others](Outbound::serves_others) meanwhile.
    OfThreads(Product),
}

/// Settings and numbers, multiplied.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Product(pub Vec<String>);

impl Product {
    /// Its value; `None` where a setting is no number above 0.
    pub fn of(&self, settings: &Settings) -> Option<NonZeroU32> {
        let number =
            |word: &String| settings.0.get(word).unwrap_or(word).parse::<NonZeroU32>().ok();
        self.0
            .iter()
            .try_fold(NonZeroU32::MIN, |product, word| Some(product.saturating_mul(number(word)?)))
    }
}

/// Threads that [`Outbound::ThreadPool`] has for each page.
pub const POOL: NonZeroU32 = NonZeroU32::new(5).expect("five is not zero");

/// Order of the calls and of the page's own work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outbound {
    /// One call after the other, then the own work.
    Sequential,
    /// Calls on a pool of [`POOL`] threads, then the own work.
    ThreadPool,
    /// Calls at once on an event loop that serves other pages meanwhile, then the own work.
    Async,
    /// Calls at once on an event loop that is made for the page, then the own work.
    AsyncLoop,
    /// Calls at once on green threads, beside those of other pages, then the own work.
    Green,
    /// Calls at once on an event loop in the background, and the own work meanwhile.
    Offload,
}

impl Outbound {
    /// Every order, in that of the documentation.
    pub const ALL: [Outbound; 6] = [
        Outbound::Sequential,
        Outbound::ThreadPool,
        Outbound::Async,
        Outbound::AsyncLoop,
        Outbound::Green,
        Outbound::Offload,
    ];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Outbound::Sequential => "sequential",
            Outbound::ThreadPool => "thread-pool",
            Outbound::Async => "async",
            Outbound::AsyncLoop => "async-loop",
            Outbound::Green => "green",
            Outbound::Offload => "offload",
        }
    }

    /// Its doc, for the reference.
    pub fn doc(self) -> &'static str {
        match self {
            Outbound::Sequential => "one call after the other, then the page's own work",
            Outbound::ThreadPool => "calls on a pool of 5 threads, then the own work",
            Outbound::Async => {
                "calls at once on the event loop that serves all pages, then the own work"
            }
            Outbound::AsyncLoop => {
                "calls at once on an event loop made for the page, then the own work"
            }
            Outbound::Green => "calls at once on green threads, then the own work",
            Outbound::Offload => {
                "calls at once on an event loop in the background, and the own work meanwhile"
            }
        }
    }

    /// The order with this word.
    pub fn named(word: &str) -> Option<Outbound> {
        Outbound::ALL.into_iter().find(|outbound| outbound.name() == word)
    }

    /// Whether a worker serves other pages while calls of one are under way.
    pub fn serves_others(self) -> bool {
        matches!(self, Outbound::Async | Outbound::Green)
    }

    /// Time of a page without overhead, from the delays of its calls and its own work, in nanoseconds.
    pub fn page_ns(self, calls_ns: &[u64], work_ns: u64) -> u64 {
        let at_once = schedule::all_at_once(calls_ns).wall_ns;
        match self {
            Outbound::Sequential => schedule::one_by_one(calls_ns).wall_ns.saturating_add(work_ns),
            Outbound::ThreadPool => schedule::list(calls_ns, POOL).wall_ns.saturating_add(work_ns),
            Outbound::Async | Outbound::AsyncLoop | Outbound::Green => {
                at_once.saturating_add(work_ns)
            }
            Outbound::Offload => at_once.max(work_ns),
        }
    }
}

impl Page {
    /// Order of its calls under these settings; `None` if no order has the word that they give.
    pub fn outbound(&self, settings: &Settings) -> Option<Outbound> {
        let setting = placeholders(&self.outbound).first().copied();
        let word = setting.map_or(Some(&self.outbound), |name| settings.0.get(name))?;
        Outbound::named(word)
    }

    /// Pages that are served at once; `None` if nothing limits them.
    pub fn slots(&self, settings: &Settings) -> Option<NonZeroU32> {
        match &self.slots {
            Slots::Any => None,
            Slots::Of(product) => product.of(settings),
            Slots::OfThreads(threads) => {
                let others = self.outbound(settings).is_some_and(Outbound::serves_others);
                threads.of(settings).filter(|_| !others)
            }
        }
    }

    /// Its own work, after scaling.
    pub fn scaled_work(&self, time_scale: f64) -> Option<OwnWork> {
        let scaled = |ns: u64| (ns as f64 * time_scale).round() as u64;
        Some(match self.work? {
            OwnWork::Sleep(ns) => OwnWork::Sleep(scaled(ns)),
            OwnWork::Compute(ns) => OwnWork::Compute(scaled(ns)),
        })
    }

    /// Times of this many pages without overhead, from the delays of all calls in the order of the
    /// backend's indices; `None` if the order of the calls is not known.
    pub fn times_ns(
        &self,
        settings: &Settings,
        pages: u32,
        calls_ns: &[u64],
        time_scale: f64,
    ) -> Option<Vec<u64>> {
        let outbound = self.outbound(settings)?;
        let work_ns = self.scaled_work(time_scale).map_or(0, OwnWork::ns);
        let mut calls = calls_ns.chunks(self.calls.max(1) as usize);
        let page = |_| outbound.page_ns(calls.next().unwrap_or_default(), work_ns);
        Some((0..pages).map(page).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The calls of the published page, in milliseconds.
    const CALLS: [u64; 4] = [125, 250, 375, 500];

    #[test]
    fn the_published_page_takes_its_published_time() {
        let page = |outbound: Outbound, work| outbound.page_ns(&CALLS, work);
        assert_eq!(page(Outbound::Sequential, 0), 1_250);
        assert_eq!(page(Outbound::ThreadPool, 0), 500);
        assert_eq!(page(Outbound::AsyncLoop, 0), 500);
        assert_eq!(page(Outbound::Green, 0), 500);
        assert_eq!(page(Outbound::Offload, 1_000), 1_000);
        assert_eq!(page(Outbound::Async, 1_000), 1_500);
        // A pool of five has to make the sixth call wait.
        assert_eq!(Outbound::ThreadPool.page_ns(&[10; 6], 0), 20);
    }

    #[test]
    fn twenty_pages_take_their_published_time() {
        let calls: Vec<u64> = CALLS.into_iter().cycle().take(80).collect();
        let wall = |outbound: &str, settings: &str| {
            let page = Page {
                calls: 4,
                outbound: outbound.to_owned(),
                slots: Slots::OfThreads(Product(vec!["processes".into(), "threads".into()])),
                work: None,
            };
            let settings = Settings::parse(settings).expect("settings");
            let times = page.times_ns(&settings, 20, &calls, 1.0).expect("an order");
            match page.slots(&settings) {
                Some(slots) => schedule::list(&times, slots).wall_ns,
                None => schedule::all_at_once(&times).wall_ns,
            }
        };
        assert_eq!(wall("sequential", "processes=1 threads=1"), 25_000);
        for four in ["processes=4 threads=1", "processes=1 threads=4", "processes=2 threads=2"] {
            assert_eq!(wall("sequential", four), 6_250, "{four}");
        }
        assert_eq!(wall("async-loop", "processes=2 threads=1"), 5_000);
        assert_eq!(wall("{outbound}", "outbound=async-loop processes=2 threads=2"), 2_500);
        assert_eq!(wall("{outbound}", "outbound=green processes=1 threads=1"), 500);
    }

    #[test]
    fn a_product_is_of_settings_and_numbers() {
        let settings = Settings::parse("processes=2 way=x zero=0").expect("settings");
        let of = |words: &[&str]| {
            let words = words.iter().map(|&word| word.to_owned()).collect();
            Product(words).of(&settings).map(NonZeroU32::get)
        };
        assert_eq!(of(&["processes", "50"]), Some(100));
        assert_eq!(of(&[]), Some(1));
        assert_eq!((of(&["way"]), of(&["zero"]), of(&["absent"])), (None, None, None));
    }

    proptest! {
        #[test]
        fn no_order_beats_the_longest_call_and_none_is_behind_the_sequential_one(
            calls in prop::collection::vec(0u64..1_000, 0..9), work in 0u64..2_000,
        ) {
            let longest = calls.iter().copied().max().unwrap_or(0).max(work);
            let sequential = Outbound::Sequential.page_ns(&calls, work);
            for outbound in Outbound::ALL {
                let page = outbound.page_ns(&calls, work);
                prop_assert!((longest..=sequential).contains(&page), "{outbound:?} {page}");
                prop_assert_eq!(Outbound::named(outbound.name()), Some(outbound));
            }
        }
    }
}
