//! A first experiment file, from three answers.

use std::fmt::Write as _;
use std::str::FromStr;

use crate::units::{exact_duration, parse_duration};

/// Experiments that `inflight init --from` copies: names and texts. They need nothing but the program.
pub(super) const SHIPPED: [(&str, &str); 4] = [
    ("quickstart", include_str!("../../../experiments/quickstart.toml")),
    ("semaphore-limit", include_str!("../../../experiments/semaphore-limit.toml")),
    ("connection-reuse", include_str!("../../../experiments/connection-reuse.toml")),
    ("open-loop", include_str!("../../../experiments/open-loop.toml")),
];

/// The text of a shipped experiment, without what only holds in its own folder.
pub(super) fn shipped(name: &str) -> Option<String> {
    let (_, text) = SHIPPED.into_iter().find(|(shipped, _)| *shipped == name)?;
    let lines = text.lines().filter(|line| !line.starts_with("#:schema"));
    Some(lines.map(|line| format!("{line}\n")).collect())
}

/// Time that an answer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AnswerTime {
    /// Shortest usual time, in nanoseconds.
    least_ns: u64,
    /// Longest usual time, in nanoseconds.
    most_ns: u64,
    /// Percent of the answers that are slow, and their time in nanoseconds.
    slow: Option<(u8, u64)>,
}

/// Why a text is no [`AnswerTime`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no time of an answer: write 20ms, 5ms to 25ms, or 20ms, 1% 2s where 1 % take 2 s"
)]
pub(super) struct NoAnswerTime(String);

impl FromStr for AnswerTime {
    type Err = NoAnswerTime;

    /// `20ms`, `5ms to 25ms`, either with `, 1% 2s` behind it.
    fn from_str(text: &str) -> Result<AnswerTime, NoAnswerTime> {
        let no = || NoAnswerTime(text.to_owned());
        let duration = |text: &str| parse_duration(text.trim()).map_err(|_| no());
        let (usual, slow) = match text.split_once(',') {
            Some((usual, slow)) => (usual, Some(slow)),
            None => (text, None),
        };
        let (least_ns, most_ns) = match usual.split_once(" to ") {
            Some((least, most)) => (duration(least)?, duration(most)?),
            None => (duration(usual)?, duration(usual)?),
        };
        let slow = match slow.map(|slow| slow.split_once('%').ok_or_else(no)).transpose()? {
            Some((percent, time)) => {
                Some((percent.trim().parse().map_err(|_| no())?, duration(time)?))
            }
            None => None,
        };
        // Nothing that an experiment would refuse.
        let is_longest = |ns: u64| ns <= 3_600_000_000_000;
        let is_percent =
            slow.is_none_or(|(percent, ns)| (1..=99).contains(&percent) && is_longest(ns));
        if least_ns > most_ns || !is_longest(most_ns) || !is_percent {
            return Err(no());
        }
        Ok(AnswerTime { least_ns, most_ns, slow })
    }
}

impl AnswerTime {
    fn mean_ns(self) -> f64 {
        let usual = (self.least_ns as f64 + self.most_ns as f64) / 2.0;
        let (part, slow_ns) =
            self.slow.map_or((0.0, 0.0), |(percent, ns)| (f64::from(percent) / 100.0, ns as f64));
        usual * (1.0 - part) + slow_ns * part
    }

    /// The value of the key `delay`.
    fn key(self) -> String {
        let [least, most] = [self.least_ns, self.most_ns].map(exact_duration);
        let (bare, table) = if least == most {
            (format!("\"{least}\""), format!("fixed = \"{least}\""))
        } else {
            let uniform = format!("uniform = [\"{least}\", \"{most}\"]");
            (format!("{{ {uniform} }}"), uniform)
        };
        match self.slow {
            None => bare,
            Some((percent, slow)) => format!(
                "{{ mixture = [{{ weight = {}, {table} }}, {{ weight = {percent}, fixed = \"{}\" }}] }}",
                100 - percent,
                exact_duration(slow)
            ),
        }
    }

    fn words(self) -> String {
        let [least, most] = [self.least_ns, self.most_ns].map(exact_duration);
        let usual = if least == most { least } else { format!("{least} to {most}") };
        match self.slow {
            None => usual,
            Some((percent, slow)) => {
                format!("{usual}, {percent} % of them {}", exact_duration(slow))
            }
        }
    }
}

/// Answers that a first experiment is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Starter {
    /// Requests of one job; at least 1.
    pub(super) requests: u32,
    /// Time that an answer takes.
    pub(super) answer: AnswerTime,
    /// Hosts that the requests go to, in turn; at least 1.
    pub(super) hosts: u32,
}

/// Most requests that a first experiment may have.
pub(super) const MOST_REQUESTS: u32 = 100_000;
/// Most hosts that an experiment may have.
pub(super) const MOST_HOSTS: u32 = 1_000;

/// Limits that are tried, as far as they fit.
const LIMITS: [u32; 5] = [8, 32, 128, 512, 2_048];

/// Time that a trial may take before it is left out: a recording has dozens.
const LONG_TRIAL_NS: f64 = 10e9;

/// Open files that a process has where nobody has raised it.
const USUAL_FILES: u32 = 1_024;

impl Starter {
    /// The experiment: one by one, threads and async with several limits, and all at once; with ten times
    /// the requests beside, where that takes no more time than the rest.
    pub(super) fn experiment(&self) -> String {
        let Starter { requests, answer, hosts } = *self;
        let takes_ns =
            |load: u32, limit: u32| f64::from(load) * answer.mean_ns() / f64::from(limit.min(load));
        let fits = |load: u32, limit: u32| takes_ns(load, limit) <= LONG_TRIAL_NS;
        let below: Vec<u32> = LIMITS.into_iter().filter(|&limit| limit < requests).collect();
        let mut limits: Vec<u32> =
            below.iter().copied().filter(|&limit| fits(requests, limit)).collect();
        if limits.is_empty() {
            limits.extend(below.last());
        }
        let tenfold = requests.saturating_mul(10);
        let largest = limits.last().copied().unwrap_or(1);
        let has_tenfold = tenfold <= MOST_REQUESTS && fits(tenfold, largest);
        let to_hosts = if hosts == 1 { String::new() } else { format!(" to {hosts} hosts") };

        let mut text = format!(
            "# Written by `inflight init`. `inflight plan` shows what it would do, `inflight run` does it.\n\
             # Every key: docs/experiment-file.md, and `inflight schema` for an editor.\n\n\
             title = \"How should my service call its backends?\"\n\
             question = \"A job makes {requests} requests{to_hosts}, and an answer takes {}: one by one, in threads \
             or async, and with which limit?\"\n\n\
             [workload]\n",
            answer.words()
        );
        let mut line = |line: String| _ = writeln!(text, "{line}");
        if has_tenfold {
            line(format!("requests = [{requests}, {tenfold}]   # one job, and ten times the load"));
        } else {
            line(format!("requests = {requests}"));
        }
        line(format!("delay = {}", answer.key()));
        line("body = \"4kB\"   # size of an answer".to_owned());
        if hosts > 1 {
            line(format!("targets = {hosts}   # hosts, told apart by name"));
            line("\n[server]\ndns_delay = \"1ms\"   # time that a look-up takes".to_owned());
        }

        let one_by_one = fits(requests, 1) || limits.is_empty();
        if one_by_one {
            line(
                "\n[[strategy]]\nlabel = \"one by one\"\nmodel = \"sequential\"\nclient = \"ureq\""
                    .to_owned(),
            );
        } else {
            line(format!(
                "\n# One by one is left out: a trial would take {:.0} s.",
                takes_ns(requests, 1) / 1e9
            ));
        }
        let list =
            |limits: &[u32]| limits.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let (threads, _) = limits.split_at(limits.len().min(2));
        if !limits.is_empty() {
            line(format!(
                "\n[[strategy]]\nlabel = \"threads\"\nmodel = \"thread-pool\"\nclient = \"ureq\"\nlimit = [{}]",
                list(threads)
            ));
            line(format!(
                "\n[[strategy]]\nlabel = \"async\"\nmodel = \"async-semaphore\"\nclient = \"reqwest\"\nlimit = [{}]",
                list(&limits)
            ));
        }
        line(format!(
            "\n# Without a limit, each request needs a file. A process may usually have {USUAL_FILES}.\n\
             [[strategy]]\nlabel = \"all at once\"\nmodel = \"async-all\"\nclient = \"reqwest\"\nnofile = {USUAL_FILES}"
        ));

        if has_tenfold {
            if one_by_one && !fits(tenfold, 1) {
                line(format!(
                    "\n# Too slow for ten times the load.\n[[exclude]]\nlabel = \"one by one\"\nrequests = {tenfold}"
                ));
            }
            let slow: Vec<u32> =
                limits.iter().copied().filter(|&limit| !fits(tenfold, limit)).collect();
            if !slow.is_empty() {
                line(format!(
                    "\n# Too slow for ten times the load.\n[[exclude]]\nlimit = [{}]\nrequests = {tenfold}",
                    list(&slow)
                ));
            }
        }
        let control = limits.last().map_or_else(
            || "label = \"one by one\"".to_owned(),
            |limit| format!("label = \"async\"\nlimit = {limit}"),
        );
        line(format!(
            "\n# Measured twice under two names: how much the machine alone makes of a difference.\n[control]\n{control}"
        ));
        line("\n# A block in which the machine was busy is recorded again, twice at most.\n[blocks]\nrepeat_invalid = 2".to_owned());
        text
    }
}

/// The experiment of a service that runs at this URL: how many requests at once?
pub(super) fn of_a_service(url: &str, requests: u32) -> String {
    let limits = |limits: &[u32]| {
        let fitting: Vec<String> =
            limits.iter().filter(|&&limit| limit <= requests).map(u32::to_string).collect();
        fitting.join(", ")
    };
    format!(
        "# Written by `inflight init`. Start the service, then `inflight run` this file.\n\
         # What a service does not tell is not known, and the report says so: docs/services.md.\n\n\
         title = \"How many requests at once should my service get?\"\n\
         question = \"A job makes {requests} requests of a service: with which limit is it done soonest, and what fails?\"\n\n\
         [workload]\n\
         requests = {requests}\n\n\
         [server]\n\
         service = {url:?}\n\n\
         [[strategy]]\n\
         label = \"async\"\n\
         model = \"async-workers\"\n\
         client = \"reqwest\"\n\
         limit = [{}]\n\n\
         [[strategy]]\n\
         label = \"threads\"\n\
         model = \"thread-pool\"\n\
         client = \"ureq\"\n\
         limit = [{}]\n\n\
         [blocks]\n\
         repeat_invalid = 2\n",
        limits(&[1, 4, 16, 64, 256]),
        limits(&[1, 4, 16]),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::plan::{Only, Plan};
    use crate::spec::{Experiment, Source};

    fn plan(text: &str) -> Plan {
        let (name, text) = ("experiment.toml".to_owned(), text.to_owned());
        let source = Source { name, text, overrides: Vec::new() };
        let experiment = Experiment::parse(&source, Path::new(".")).expect("a valid experiment");
        Plan::new(experiment, &Only::default()).expect("cells")
    }

    #[test]
    fn times_are_written_as_people_say_them() {
        let key = |text: &str| text.parse::<AnswerTime>().map(AnswerTime::key).ok();
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(key("20ms"), is("\"20ms\""));
        assert_eq!(key(" 5ms to 25ms "), is("{ uniform = [\"5ms\", \"25ms\"] }"));
        assert_eq!(
            key("20ms, 1% 2s"),
            is("{ mixture = [{ weight = 99, fixed = \"20ms\" }, { weight = 1, fixed = \"2s\" }] }")
        );
        for wrong in
            ["", "20", "25ms to 5ms", "20ms, 0% 2s", "20ms, 100% 2s", "20ms, 1%", "5h", "20ms,"]
        {
            let error = wrong.parse::<AnswerTime>().expect_err(wrong);
            assert!(error.to_string().contains("5ms to 25ms"), "{error}");
        }
    }

    #[test]
    fn eight_backends_with_a_slow_tail() {
        let answer = "20ms, 1% 2s".parse().expect("a time");
        let text = Starter { requests: 500, answer, hosts: 8 }.experiment();
        insta::assert_snapshot!(text);
        let plan = plan(&text);
        assert_eq!(plan.experiment.scenarios.len(), 2);
        let broken =
            plan.cells.iter().filter(|cell| cell.strategy.nofile == Some(u64::from(USUAL_FILES)));
        assert_eq!(broken.count(), 2, "all at once, for one job and ten times the load");
    }

    #[test]
    fn a_service_gets_as_many_at_once_as_there_are_requests() {
        for (requests, cells) in [(1, 2), (10, 4), (1_000, 8)] {
            let plan = plan(&of_a_service("http://127.0.0.1:8000/{i}?x=\"", requests));
            assert_eq!(plan.cells.len(), cells);
            assert!(plan.cells.iter().all(|cell| cell.strategy.service.is_some()));
        }
    }

    #[test]
    fn shipped_experiments_stand_alone() {
        for (name, _) in SHIPPED {
            let text = shipped(name).expect("a shipped one");
            assert!(!text.contains("#:schema"), "{name}");
            plan(&text);
        }
        assert_eq!(shipped("nothing"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Whatever is answered, the file is an experiment that ends within hours.
        #[test]
        fn every_answer_gives_an_experiment(
            power in 0..=16_u32,
            hosts in 1..=MOST_HOSTS,
            least_ns in 0..2_000_000_000_u64,
            more_ns in 0..2_000_000_000_u64,
            slow in proptest::option::of((1..=99_u8, 0..10_000_000_000_u64)),
        ) {
            let requests = 1 << power;
            let answer = AnswerTime { least_ns, most_ns: least_ns + more_ns, slow };
            let plan = plan(&Starter { requests, answer, hosts }.experiment());
            prop_assert!(plan.cells.len() >= 2);
            prop_assert!(plan.cells.iter().any(|cell| cell.strategy.limit.is_some()) || requests <= LIMITS[0]);
        }
    }
}
