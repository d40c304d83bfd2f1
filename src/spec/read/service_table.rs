//! `[[service]]`: one service, and the page that it makes for each request.

use std::path::Path;

use super::declared::{Choices, check_name, check_placeholders, check_settings, words};
use crate::spec::error::Problem;
use crate::spec::forms::setting_in;
use crate::spec::key::{Open, Placed, Reading};
use crate::spec::keys;
use crate::spec::node::Node;
use crate::strategy::service::{OF_PAGES, PLACEHOLDERS, Place, Started, WORK};
use crate::strategy::{
    IndexBy, Outbound, OwnWork, Page, Product, Program, Service, Slots, program,
};

/// Reads one table.
pub(super) fn service(
    node: &Node,
    file: &str,
    folder: &Path,
    reading: &mut Reading,
) -> Option<Service> {
    let table = keys::SERVICE.table.open(node, reading)?;
    let before = reading.problems.len();
    let name = table.one(&keys::SERVICE_NAME, reading);
    let url = table.one(&keys::SERVICE_URL, reading);
    let is_app = table.one(&keys::SERVICE_KIND, reading).is_some();
    let run = table.one(&keys::SERVICE_RUN, reading);
    let path = table.one(&keys::SERVICE_PATH, reading);
    let answer = table.one(&keys::ANSWER, reading);
    let ready = table.one(&keys::READY, reading);
    let ready_within = table.one(&keys::READY_WITHIN, reading);
    let settings = table.one(&keys::SERVICE_SETTINGS, reading);
    let version = table.one(&keys::VERSION, reading);
    let files = table.one(&keys::FILES, reading);
    let install = table.one(&keys::INSTALL, reading);
    if url.is_none() && run.is_none() && !is_app && reading.problems.len() == before {
        let what = "a service needs `run`, `kind`, or `url` if it runs already";
        let hint = "for example: url = \"http://127.0.0.1:8000/path\"";
        reading.report(Problem::at(node.span, what).hint(hint));
    }
    check_name(name.as_ref(), "a service", reading);
    check_settings(settings.as_ref(), reading);
    let of_app = settings.as_ref().filter(|_| is_app);
    of_app.into_iter().for_each(|settings| check_app(settings, reading));
    let settings = settings.map(|s| s.value).unwrap_or_default();
    check_placeholders([&run, &version], &PLACEHOLDERS, &settings, reading);
    let page = page(&table, &settings, is_app, reading);
    check_calls(&run, page.as_ref(), reading);
    let workers = table.one(&keys::SERVICE_WORKERS, reading);
    let workers = product(workers, &settings, reading);
    if reading.problems.len() > before {
        return None;
    }
    let (name, answer) = (name?.value, answer?.value);
    if let Some(at) = url {
        return Some(Service { name, answer, page, workers, ..at.value });
    }
    let named = |setting: &str| settings.contains_key(setting).then(|| setting.to_owned());
    let (run, version, workers) = match is_app {
        true => {
            let processes = named(PROCESSES).unwrap_or_else(|| "1".to_owned());
            (
                app(&settings, page.as_ref()),
                THIS_VERSION.map(str::to_owned).into(),
                Some(Product(vec![processes])),
            )
        }
        false => (words(&run), words(&version), workers),
    };
    let program = Program {
        name: name.clone(),
        file: file.to_owned(),
        folder: folder.to_owned(),
        run,
        version,
        files: words(&files),
        settings,
        index_by: IndexBy::Path,
        reuse: None,
        install: install.map(|line| line.value),
    };
    let started = Started { program, ready: ready?.value, ready_within_ns: ready_within?.value };
    let place = Place::Started(Box::new(started));
    Some(Service { name, place, path: path?.value, answer, page, workers })
}

const PROCESSES: &str = "processes";
const THREADS: &str = "threads";
const OUTBOUND: &str = "outbound";
const THIS_VERSION: [&str; 2] = ["{inflight}", "--version"];

/// The command of inflight's own web application.
fn app(settings: &Choices, page: Option<&Page>) -> Vec<String> {
    let mut run = vec!["{inflight}".to_owned(), "app".to_owned()];
    let mut option = |name: &str, value: &str| {
        run.extend([format!("--{name}"), value.to_owned()]);
    };
    option("listen", "{host}:{port}");
    for name in [PROCESSES, THREADS, OUTBOUND].into_iter().filter(|&n| settings.contains_key(n)) {
        option(name, &format!("{{{name}}}"));
    }
    if page.is_some_and(|page| page.calls > 0) {
        option("backend", "{backend}");
        option("calls", "{calls}");
    }
    if let Some(work) = page.and_then(|page| page.work) {
        option("work", "{work}");
        if matches!(work, OwnWork::Compute(_)) {
            run.push("--compute".to_owned());
        }
    }
    run
}

/// Reports settings that the application does not have, and values that they cannot have.
fn check_app(settings: &Placed<Choices>, reading: &mut Reading) {
    let known = [PROCESSES, THREADS, OUTBOUND];
    for (name, values) in &settings.value {
        if !known.contains(&name.as_str()) {
            let what = format!("the application has no setting `{name}`");
            reading.report(Problem::at(settings.span, what).known(name, known));
        }
        for value in values {
            let what = format!("`{name}` cannot be {value:?}");
            let problem = Problem::at(settings.span, what);
            match name.as_str() {
                PROCESSES | THREADS if !(1..=MOST).contains(&value.parse().unwrap_or(0)) => {
                    reading.report(problem.hint(format!("write a number from 1 to {MOST}")));
                }
                OUTBOUND if Outbound::named(value).is_none() => {
                    let words = Outbound::ALL.map(Outbound::name);
                    reading.report(problem.known(value, words));
                }
                _ => {}
            }
        }
    }
}

/// Processes, and threads of a process: more are a mistake.
const MOST: u32 = 256;

/// Reads what is declared of a page; `None` if nothing is.
fn page(table: &Open, settings: &Choices, is_app: bool, reading: &mut Reading) -> Option<Page> {
    let calls = table.one(&keys::SERVICE_CALLS, reading);
    let outbound = table.one(&keys::SERVICE_OUTBOUND, reading);
    let slots = table.one(&keys::SERVICE_SLOTS, reading);
    let work = table.one(&keys::SERVICE_WORK, reading);
    if calls.is_none() && work.is_none() {
        if let Some(slots) = slots {
            let what = "`slots` is for a service whose time for a request is known";
            let hint = "add `calls`, the calls of its backend for each request, or `work`";
            reading.report(Problem::at(slots.span, what).hint(hint));
        }
        return None;
    }
    let outbound = outbound?;
    let by_setting = setting_in(&outbound.value);
    let by_app = settings.contains_key(OUTBOUND).then_some(OUTBOUND).filter(|_| is_app);
    let words = match by_setting.or(by_app) {
        None => vec![outbound.value.clone()],
        Some(name) => match settings.get(name) {
            Some(values) => values.clone(),
            None => {
                let problem = Problem::at(outbound.span, format!("there is no setting `{name}`"));
                reading.report(problem.known(name, settings.keys().map(String::as_str)));
                return None;
            }
        },
    };
    if let Some(word) = words.iter().find(|word| Outbound::named(word).is_none()) {
        if by_app.is_some() {
            // That is told of the setting.
            return None;
        }
        let what = format!("`outbound` cannot be {word:?}");
        let problem = Problem::at(outbound.span, what);
        reading.report(problem.known(word, Outbound::ALL.map(Outbound::name)));
        return None;
    }
    let outbound = by_app.map_or(outbound.value, |name| format!("{{{name}}}"));
    let slots = match is_app {
        true => {
            let all = [PROCESSES, THREADS].into_iter().filter(|&name| settings.contains_key(name));
            Slots::OfThreads(Product(all.map(str::to_owned).collect()))
        }
        false => product(slots, settings, reading).map_or(Slots::Any, Slots::Of),
    };
    Some(Page {
        calls: calls.map_or(0, |calls| calls.value),
        outbound,
        slots,
        work: work.map(|work| work.value),
    })
}

/// Reports words of a product that are neither settings whose values are numbers, nor numbers.
fn product(
    written: Option<Placed<Product>>,
    settings: &Choices,
    reading: &mut Reading,
) -> Option<Product> {
    let Placed { value: product, span } = written?;
    let is_number = |word: &String| word.parse::<u32>().is_ok_and(|n| n > 0);
    for word in &product.0 {
        match settings.get(word) {
            Some(values) => {
                if let Some(value) = values.iter().find(|value| !is_number(value)) {
                    let what = format!("the setting `{word}` may be {value:?}, which is no number");
                    reading.report(Problem::at(span, what));
                }
            }
            None if is_number(word) => {}
            None => {
                let problem = Problem::at(span, format!("there is no setting `{word}`"));
                reading.report(problem.known(word, settings.keys().map(String::as_str)));
            }
        }
    }
    Some(product)
}

/// Reports a command that speaks of calls or of work where none are declared.
fn check_calls(run: &Option<Placed<Vec<String>>>, page: Option<&Page>, reading: &mut Reading) {
    let Some(run) = run else { return };
    let calls = page.is_some_and(|page| page.calls > 0);
    let all = run.value.iter().flat_map(|word| program::placeholders(word));
    for name in all.filter(|name| OF_PAGES.contains(name)) {
        let (is_told, key) = match name {
            WORK => (page.is_some(), "work"),
            _ => (calls, "calls"),
        };
        if !is_told {
            let what = format!("`{{{name}}}` is of a service with `{key}`");
            let hint = "a service declares what it does for a request: `calls`, `work`";
            reading.report(Problem::at(run.span, what).hint(hint));
        }
    }
}
