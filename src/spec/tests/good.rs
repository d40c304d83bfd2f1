//! Meaning of good files.

use super::{BASE, changed, good};
use crate::delay::{MODELS, Model};
use crate::plan::{Only, Plan};
use crate::spec::{DEFAULT_BLOCKS, Factor, Metric, Over, RecordLevel, Scenario, Selector, Until};
use crate::vocabulary::{Reuse, RttBy, Runtime};

#[test]
fn a_small_experiment_has_its_defaults() {
    let e = good(BASE, &[]);
    assert_eq!(e.name, "x");
    assert_eq!((e.blocks.count, e.blocks.warmup, e.blocks.seed), (15, 1, 1));
    assert_eq!((e.record, e.margin, e.deadline_ns), (RecordLevel::Sample, 0.02, None));
    let [scenario] = e.scenarios.as_slice() else { panic!("one scenario") };
    assert_eq!((scenario.seed, scenario.backlog, scenario.body_bytes), (1, 4096, 0));
    let shown: Vec<String> = e
        .strategies
        .iter()
        .map(|s| format!("{} {} {} {:?}", s.label, s.model.name(), s.library.name(), s.limit))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    sync sequential ureq None
    sync sequential reqwest-blocking None
    async async-semaphore reqwest Some(10)
    async async-semaphore reqwest Some(100)
    ");
    assert_eq!(e.strategies[0].reuse, Reuse::Session);
    assert_eq!(e.strategies[2].runtime, Some(Runtime::CurrentThread));
    let baseline = e.baseline.expect("a baseline");
    assert!(baseline.matches(scenario, &e.strategies[0]));
    assert!(!baseline.matches(scenario, &e.strategies[1]));
    assert_eq!(e.claims[0].metric, Metric::Wall);
    assert_eq!(e.claims[0].over, Over::Ideal);
}

#[test]
fn the_example_of_the_design_is_an_experiment() {
    let text = include_str!("../../../tests/fixtures/spec/async-or-not.toml");
    let e = good(text, &[]);
    assert_eq!((e.scenarios.len(), e.strategies.len()), (1, 10));
    assert_eq!(e.scenarios[0].body_bytes, 4_000);
}

#[test]
fn every_delay_model_is_read_as_its_example_says() {
    for written in MODELS {
        let text =
            changed(&[(r#"{ choice = ["0s", "1s"] }"#, &format!("{{ {} }}", written.example))]);
        let capped = text.replace(" }\n\n[baseline]", ", max = \"20s\" }\n\n[baseline]");
        assert_eq!(good(&text, &[]).scenarios[0].delay.max_ns, None);
        let e = good(&capped, &[]);
        assert_eq!(e.scenarios[0].delay.max_ns, Some(20_000_000_000), "{capped}");
        let name = serde_json::to_value(&e.scenarios[0].delay.model).expect("a model");
        assert_eq!(name.as_object().and_then(|o| o.keys().next()).expect("a name"), written.word);
    }
}

#[test]
fn a_delay_may_be_short_or_a_table_of_its_own() {
    let delay = |toml: &str| {
        let text = changed(&[(r#"delay = { choice = ["0s", "1s"] }"#, toml)]);
        good(&text, &[]).scenarios.iter().map(|s| s.delay.describe()).collect::<Vec<_>>()
    };
    assert_eq!(delay(r#"delay = "10ms""#), ["10ms"]);
    assert_eq!(delay(r#"delay = ["10ms", { fixed = "20ms" }]"#), ["10ms", "20ms"]);
    assert_eq!(
        delay("[workload.delay]\nlognormal = { median = \"1s\", sigma = 1 }\nmax = \"5s\""),
        ["lognormal median 1s sigma 1, max 5s"]
    );
    assert_eq!(delay("delay.fixed = \"1s\""), ["1s"]);
}

#[test]
fn selectors_take_values_in_any_form() {
    let text = changed(&[
        (r#"{ choice = ["0s", "1s"] }"#, r#"["1500ms", { choice = ["0s"] }]"#),
        ("requests = 100", "requests = [100, 200]"),
        ("limit = [10, 100]", "limit = [10, 100]\ntimeout = [\"1min\", \"90s\"]"),
        (
            "[blocks]",
            r#"[[exclude]]
timeout = "60000ms"
delay = { fixed = "1.5s" }
limit = [100]

[[exclude]]
limit = "none"
delay = { choice = ["0s"] }
client = "reqwest-blocking"

[blocks]"#,
        ),
    ]);
    let e = good(&text, &[]);
    let terms = [
        (Factor::Timeout, vec!["60s".to_owned()]),
        (Factor::Delay, vec!["1.5s".to_owned()]),
        (Factor::Limit, vec!["100".to_owned()]),
    ];
    assert_eq!(e.excludes[0], Selector { terms: terms.into() });
    let out = e.scenarios.iter().flat_map(|sc| e.strategies.iter().map(move |st| (sc, st)));
    let out = out.filter(|(sc, st)| e.excludes.iter().any(|x| x.matches(sc, st))).count();
    assert_eq!(out, 2 + 2);
}

#[test]
fn a_claim_may_divide_by_another_metric_or_by_the_largest_of_some() {
    let claim = |metric: &str, over: &str| {
        let text = format!("metric = \"{metric}\"\nover = {over}");
        good(&changed(&[("over = \"ideal\"", &text)]), &[]).claims.swap_remove(0)
    };
    let server = claim("server-cpu", "\"cpu\"");
    assert_eq!(server.over, Over::Metric(Metric::Cpu));
    assert_eq!(server.metrics(), [Metric::ServerCpu, Metric::Cpu]);
    let larger = claim("wall", "[\"ideal\", \"cpu\"]");
    assert_eq!(larger.over, Over::Largest(vec![Over::Ideal, Over::Metric(Metric::Cpu)]));
    assert_eq!(larger.metrics(), [Metric::Wall, Metric::Cpu]);
    // What divides has to be of the work done as well.
    assert!(!claim("errors", "\"connections\"").needs_all_requests());
    assert!(claim("connections", "\"minor-faults\"").needs_all_requests());
}

#[test]
fn bounds_without_a_denominator_have_a_unit() {
    let claim = |metric: &str, bound: &str| {
        let over = format!("metric = \"{metric}\"\nover = \"nothing\"");
        let text = changed(&[("over = \"ideal\"", &over), ("1.15", bound)]);
        good(&text, &[]).claims[0].at_most
    };
    assert_eq!(claim("p99", "\"10ms\""), Some(10_000_000.0));
    assert_eq!(claim("memory", "\"50MB\""), Some(50_000_000.0));
    assert_eq!(claim("p99.9", "\"10ms\""), Some(10_000_000.0));
    assert_eq!(claim("server-memory", "\"50MB\""), Some(50_000_000.0));
    assert_eq!(claim("cpu-share", "0.5"), Some(0.5));
    assert_eq!(claim("minor-faults", "100"), Some(100.0));
    assert_eq!(claim("errors", "0"), Some(0.0));
}

#[test]
fn overrides_replace_and_add_values() {
    let e = good(
        BASE,
        &[
            "workload.requests=[7, 8]",
            "strategy.0.client=ureq",
            "strategy.async.limit = 5",
            "record=all",
            "server.backlog=128",
            "blocks.count=3",
            "margin=5%",
            "workload.delay.max=500ms",
            "claim.0.at_most=2",
            "strategy.\"async\".runtime=multi-thread(2)",
        ],
    );
    assert_eq!(e.scenarios.iter().map(|s| s.requests).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(e.strategies.len(), 2);
    assert_eq!(e.strategies[1].limit.map(std::num::NonZero::get), Some(5));
    assert_eq!(e.strategies[1].runtime.map(|r| r.to_string()), Some("multi-thread(2)".into()));
    assert_eq!((e.record, e.margin, e.blocks.count), (RecordLevel::All, 0.05, 3));
    assert_eq!(e.scenarios[0].backlog, 128);
    assert_eq!(e.scenarios[0].delay.max_ns, Some(500_000_000));
    assert_eq!(e.claims[0].at_most, Some(2.0));
    let delay = good(BASE, &["workload.delay=10ms"]);
    assert!(matches!(delay.scenarios[0].delay.model, Model::Fixed(_)));
}

#[test]
fn blocks_are_counted_or_run_until_a_rule_holds() {
    let until = |half_width, min, max| Some(Until { half_width, min, max });
    let rule = changed(&[("count = 15", "until = { half_width = \"2%\", min = 9, max = 50 }")]);
    let e = good(&rule, &[]).blocks;
    assert_eq!((e.count, e.least(), e.until), (50, 9, until(0.02, 9, 50)));
    let e = good(&changed(&[("count = 15", "until = { half_width = \"2%\", max = 8 }")]), &[]);
    assert_eq!(e.blocks.until, until(0.02, 8, 8));
    // What the command line says takes the place of what excludes it.
    let e = good(&rule, &["blocks.count=3"]).blocks;
    assert_eq!((e.count, e.least(), e.until), (3, 3, None));
    let set = "blocks.until={ half_width = \"1 %\", max = 20 }";
    assert_eq!(good(BASE, &[set]).blocks.until, until(0.01, 8, 20));
    assert_eq!(good(BASE, &["blocks.count=3", set]).blocks.count, 20);
    assert_eq!(good(&rule, &["blocks.until.max=12"]).blocks.until, until(0.02, 9, 12));
    let parts = ["blocks.until.half_width=3%", "blocks.until.max=12"];
    assert_eq!(good(BASE, &parts).blocks.until, until(0.03, 8, 12));
}

#[test]
fn line_endings_and_byte_order_marks_make_no_difference() {
    assert_eq!(good(&BASE.replace('\n', "\r\n"), &[]), good(BASE, &[]));
    assert_eq!(good(&format!("\u{feff}{BASE}"), &[]), good(BASE, &[]));
    let inline = changed(&[("[baseline]\nlabel = \"sync\"\nclient = \"ureq\"\n\n", "")]);
    let inline = format!("baseline = {{ label = \"sync\", client = \"ureq\" }}\n{inline}");
    assert_eq!(good(&inline, &[]), good(BASE, &[]));
}

#[test]
fn a_name_is_fit_for_a_folder() {
    for (file, name) in [("a/b c.toml", "b-c"), ("<stdin>", "-stdin-"), ("é.toml", "é")] {
        let source = crate::spec::Source { name: file.to_owned(), ..super::source(BASE, &[]) };
        let e = crate::spec::Experiment::parse(&source, std::path::Path::new(".")).expect("good");
        assert_eq!(e.name, name);
    }
}

#[test]
fn arrivals_multiply_into_scenarios_and_say_what_a_time_holds() {
    let text = changed(&[(
        "requests = 100",
        "requests = [\"2s\", 7]\narrival = [{ constant = \"30/min\" }, { poisson = \"500/s\" }]",
    )]);
    let e = good(&text, &[]);
    let shown: Vec<String> =
        e.scenarios.iter().map(|s| format!("{} {}", s.requests, s.arrival.describe())).collect();
    let want = ["1 constant 0.5/s", "1000 poisson 500/s", "7 constant 0.5/s", "7 poisson 500/s"];
    assert_eq!(shown, want);
    let closed = good(BASE, &[]);
    assert!(closed.scenarios[0].arrival.is_closed());
    // Claims and exclusions select by it.
    let selected = text.replace(
        "of = { label = \"async\" }",
        "of = { label = \"async\", arrival = { poisson = \"500/s\" } }",
    );
    let e = good(&selected, &[]);
    let of = &e.claims[0].of;
    let matched: Vec<bool> = e.scenarios.iter().map(|s| of.matches(s, &e.strategies[2])).collect();
    assert_eq!(matched, [false, true, false, true]);
}

#[test]
fn what_holds_packets_multiplies_into_scenarios_and_leaves_cells_what_they_were() {
    let plain = changed(&[("requests = 100", "requests = 100\nrtt = \"5ms\"")]);
    let text =
        plain.replace("rtt = \"5ms\"", "rtt = \"5ms\"\nrtt_by = [\"auto\", \"netem\", \"tun\"]");
    let ids = |text: &str| -> Vec<String> {
        let plan = Plan::new(good(text, &[]), &Only::default()).expect("a plan");
        plan.cells.iter().map(|cell| cell.id.to_string()).collect()
    };
    let (before, after) = (ids(&plain), ids(&text));
    let different: std::collections::BTreeSet<&String> = after.iter().collect();
    assert_eq!((before.len(), different.len()), (4, 12));
    assert_eq!(before, after[..4], "by default it is no part of a cell");
    let e = good(&text, &["claim.0.of.rtt_by=tun"]);
    assert_eq!(e.scenarios.iter().map(|s| s.rtt_by).collect::<Vec<_>>(), RttBy::ALL);
    let matched = e.scenarios.iter().map(|s| e.claims[0].of.matches(s, &e.strategies[2]));
    assert_eq!(matched.collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn ways_of_drawing_multiply_into_scenarios_and_leave_cells_what_they_were() {
    let plain = changed(&[]);
    let text =
        changed(&[("requests = 100", "requests = 100\ndraw = [\"independent\", \"stratified\"]")]);
    let ids = |text: &str| -> Vec<String> {
        let plan = Plan::new(good(text, &[]), &Only::default()).expect("a plan");
        plan.cells.iter().map(|cell| cell.id.to_string()).collect()
    };
    let (before, after) = (ids(&plain), ids(&text));
    let different: std::collections::BTreeSet<&String> = after.iter().collect();
    assert_eq!((before.len(), different.len()), (4, 8));
    assert_eq!(before, after[..4], "by default it is no part of a cell");
    let e = good(&text, &["claim.0.of.draw=stratified"]);
    // Two delays for a hundred requests: fifty each where they are stratified.
    let long = |s: &Scenario| s.delays_ns().into_iter().filter(|&ns| ns > 0).count();
    assert_eq!(long(&e.scenarios[1]), 50);
    assert_ne!(long(&e.scenarios[0]), 50);
}

#[test]
fn blocks_without_a_number_are_known_as_such() {
    assert!(!good(BASE, &[]).blocks.count_is_default);
    let open = good(&changed(&[("count = 15", "")]), &[]).blocks;
    assert_eq!((open.count, open.count_is_default), (DEFAULT_BLOCKS, true));
    let given = good(&changed(&[("count = 15", "")]), &["blocks.count=10"]).blocks;
    assert_eq!((given.count, given.count_is_default), (10, false));
}

#[test]
fn batches_may_be_left_out_of_open_arrival() {
    let text = changed(&[
        ("requests = 100", "requests = 100\narrival = [\"closed\", { constant = \"50/s\" }]"),
        ("async-semaphore", "async-batches"),
    ]);
    let exclude = "[[exclude]]\nlabel = \"async\"\narrival = { constant = \"50/s\" }\n\n[baseline]";
    let e = good(&text.replace("[baseline]", exclude), &[]);
    assert_eq!((e.scenarios.len(), e.excludes.len()), (2, 1));
}
