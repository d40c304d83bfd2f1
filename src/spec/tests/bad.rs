//! Errors of bad files. Each case is the small experiment with one thing changed; the full text of
//! its errors is a snapshot.

use std::path::Path;

use super::{changed, parse};
use crate::spec::error::listed;
use crate::spec::key::{AnyKey, TableForm};
use crate::spec::{Factor, Source, keys};

/// Snapshots the errors of the base with these changes and overrides.
fn bad(name: &str, changes: &[(&str, &str)], overrides: &[&str]) {
    told(name, &changed(changes), overrides);
}

fn told(name: &str, text: &str, overrides: &[&str]) {
    snapshot(name, &parse(text, overrides).map(|_| text).expect_err(name).to_string());
}

fn snapshot(name: &str, errors: &str) {
    let errors = without_lists(errors);
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, errors);
    });
}

/// Errors in which a list of all keys or factors is named instead: a new one changes no snapshot.
fn without_lists(errors: &str) -> String {
    let factors = ("every factor".to_owned(), Factor::ALL.map(Factor::name).to_vec());
    let of_table = |table: &TableForm| {
        (format!("every key of {}", table.title), table.keys().map(AnyKey::name).collect())
    };
    let lists = std::iter::once(factors).chain(keys::tables().map(of_table));
    lists.fold(errors.to_owned(), |text, (name, words): (_, Vec<&str>)| {
        text.replace(&format!("known: {}\n", listed(&words)), &format!("known: {name}\n"))
    })
}

/// Many cases that differ in one value.
macro_rules! cases {
    ($($test:ident: $changes:expr;)*) => {
        $(#[test]
        fn $test() {
            bad(stringify!($test), &$changes, &[]);
        })*
    };
}

const DELAY: &str = r#"{ choice = ["0s", "1s"] }"#;
const MATRIX: &str = "limit = [10, 100]";
const BASELINE: &str = "label = \"sync\"\nclient = \"ureq\"";

cases! {
    toml_is_not_valid: [("requests = 100", "requests = = 100")];
    retries_that_the_client_lacks: [(MATRIX, "limit = [10, 100]\nclient = \"hyper\"\nprotocol = \"http2\"\nretries = [\"library\", \"none\"]")];
    green_threads_with_a_client_that_blocks: [("model = \"sequential\"\nclient = [\"ureq\", \"reqwest-blocking\"]", "model = \"green\"\nlimit = 10\nclient = [\"ureq\", \"reqwest-blocking\"]"), (BASELINE, "label = \"sync\"")];
    green_threads_over_http2: [("model = \"sequential\"\nclient = [\"ureq\", \"reqwest-blocking\"]", "model = \"green\"\nlimit = 10\nprotocol = \"http2\""), (BASELINE, "label = \"sync\"")];
    work_of_a_model_without: [(MATRIX, "limit = 10\nwork = \"1s\"")];
    work_values: [(MATRIX, "limit = 10\nwork = [1, \"1\", \"0s\", { comput = \"1s\" }, { compute = \"0s\" }]")];
    ports_are_odd: [("[10, 100]", "[10, 100]\nports = 2001")];
    toml_key_twice: [("requests = 100", "requests = 100\nrequests = 200")];
    toml_string_is_open: [("\"Small\"", "\"Small")];
    unknown_key_of_a_table: [("requests = 100", "reqests = 100")];
    unknown_key_of_the_file: [("title =", "tilte =")];
    unknown_key_of_another_table: [("question =", "requests = 5\nquestion =")];
    unknown_key_of_a_strategy: [(MATRIX, "limt = [10, 100]")];
    missing_keys: [("requests = 100\n", ""), ("of = { label = \"async\" }\n", "")];
    missing_table: [("[workload]\nrequests = 100\ndelay = { choice = [\"0s\", \"1s\"] }\n", "")];
    wrong_types: [
        ("\"Small\"", "5"),
        ("requests = 100", "requests = \"100\""),
        (DELAY, "10"),
        ("count = 15", "count = 1.5"),
        (MATRIX, "limit = true"),
    ];
    table_in_double_brackets: [("[workload]", "[[workload]]")];
    strategy_in_single_brackets: [
        ("[[strategy]]\nlabel = \"sync\"\nmodel = \"sequential\"\nclient = [\"ureq\", \"reqwest-blocking\"]\n", ""),
        ("[[strategy]]", "[strategy]"),
    ];
    limit_is_zero: [(MATRIX, "limit = [0, -5, 2.5, 5_000_000_000]")];
    zero_where_it_has_no_meaning: [
        ("requests = 100", "requests = 0\nrtt = \"0s\"\ntime_scale = 0"),
        (MATRIX, "limit = 10\nmemory = [\"0B\", \"0.9B\"]\ntimeout = [\"0s\", \"0.1ns\", \"0.0004us\"]\nruntime = \"multi-thread(0)\""),
    ];
    zero_by_rounding: [
        ("requests = 100", "requests = 100\nbody = [\"0.4B\", \"0.0001kB\"]\nupload = \"0.9B\"\nchunk_delay = [\"0.1ns\", \"0.0004us\"]"),
        (DELAY, "[\"0.0000004ms\", { uniform = [\"0s\", \"0.4ns\"] }, { fixed = \"1s\", max = \"0.4ns\" }]"),
    ];
    zero_by_scaling: [
        ("requests = 100", "requests = 100\ntime_scale = [1e-9, 1, 1e-400]"),
        (DELAY, "[\"1s\", { choice = [\"0s\", \"10ms\", \"3s\"] }]"),
    ];
    claim_bound_by_rounding: [("over = \"ideal\"", "over = \"nothing\""), ("1.15", "\"0.1ns\"")];
    numbers_out_of_range: [
        ("requests = 100", "requests = 10_000_001\ntime_scale = [0, -1, inf, nan]\nbody = \"2GB\""),
        ("count = 15", "count = 0\nwarmup = 101\nseed = -1"),
    ];
    arrival_values: [(DELAY, "\"1s\"\narrival = [\"open\", 5, { poisson = \"500\" }, { poisson = 500 }, { constant = \"0/s\" }, { constant = \"20_000/s\" }]")];
    arrival_words: [(DELAY, "\"1s\"\narrival = [{ poison = \"5/s\" }, {}, { poisson = \"5/s\", constant = \"5/s\" }, { constant = \"5/s\", jitter = 1 }]")];
    arrival_twice: [(DELAY, "\"1s\"\narrival = [{ poisson = \"1/s\" }, { poisson = \"60/min\" }]")];
    arrival_of_batches: [(DELAY, "\"1s\"\narrival = { constant = \"5/s\" }"), ("async-semaphore", "async-batches")];
    requests_in_a_time: [("requests = 100", "requests = [\"2s\", \"10us\", \"1 parsec\", 0]")];
    requests_in_a_time_without_a_rate: [("requests = 100", "requests = \"2s\"")];
    requests_in_a_time_that_is_too_long: [("requests = 100", "requests = [\"24h\", \"1ms\"]\narrival = { poisson = \"200/s\" }")];
    requests_twice: [("requests = 100", "requests = [400, \"2s\"]\narrival = { poisson = \"200/s\" }")];
    a_mixture_by_index_is_stratified: [(DELAY, "{ mixture = [{ weight = 1, cycle = [\"1s\"] }, { weight = 1, fixed = \"1s\" }] }\ndraw = \"stratified\"")];
    until_and_count: [("count = 15", "count = 15\nuntil = { half_width = \"2%\", max = 50 }")];
    until_values: [("count = 15", "[blocks.until]\nhalf_width = \"0%\"\nmin = 5\nmax = 2000\nmost = 5")];
    until_is_incomplete: [("count = 15", "until = { min = 8 }")];
    until_never_looks: [("count = 15", "until = { half_width = \"2%\", min = 20, max = 10 }")];
    until_is_no_table: [("count = 15", "until = \"2%\"")];
    until_is_no_percentage: [("count = 15", "until = { half_width = 0.02, min = 8.5, max = 10 }")];
    margin_and_deadline: [("question", "margin = \"2\"\ndeadline = \"0s\"\nquestion")];
    list_is_empty: [(MATRIX, "limit = []")];
    list_holds_a_value_twice: [("requests = 100", "requests = [100, 200, 100]"), (DELAY, "[\"1s\", \"1000ms\"]")];
    list_where_one_value_is_meant: [("count = 15", "count = [10, 15]")];
    unknown_words: [
        ("\"sequential\"", "\"sequental\""),
        ("\"ureq\", \"reqwest-blocking\"", "\"curl\""),
        (MATRIX, "limit = 5\nreuse = \"sesion\"\nruntime = \"multi-thread\""),
        ("question", "record = \"everything\"\nquestion"),
    ];
    delay_model_is_unknown: [(DELAY, "{ unifrom = [\"1s\", \"2s\"] }")];
    delay_without_a_model: [(DELAY, "{ max = \"1s\" }")];
    delay_with_two_models: [(DELAY, "{ fixed = \"1s\", choice = [\"1s\"] }")];
    delay_settings: [(DELAY, r#"[
    { normal = { mean = "1s", sb = "1s" } },
    { normal = { mean = "1s" } },
    { lognormal = { median = "1s", sigma = -1 } },
    { pareto = { min = 5, shape = 0 } },
    { exponential = "1s" },
    { uniform = ["2s", "1s"] },
    { uniform = ["2s"] },
    { choice = [] },
    { fixed = "25h" },
    { fixed = "1s", max = "0s" },
]"#)];
    delay_mixture: [(DELAY, r#"{ mixture = [
    { fixed = "1s" },
    { weight = 0, fixed = "1s" },
    { weight = 1, fixd = "1s" },
    "1s",
] }"#)];
    delay_trace: [(DELAY, r#"[{ trace = "none.csv" }, { trace = "../x.csv" }, { trace = "async-or-not.toml" }]"#)];
    several_targets: [("requests = 100", "requests = 100\ntargets = 2")];
    rtt_by_without_a_round_trip: [("requests = 100", "requests = 100\nrtt_by = \"tun\"")];
    hosts_are_unknown_to_nobody: [("[baseline]", "[server]\nunknown_hosts = 1\n[baseline]")];
    more_hosts_are_unknown_than_there_are: [("[baseline]", "[server]\ndns_delay = \"1ms\"\nunknown_hosts = [0, 2]\n[baseline]")];
    rtt_by_is_unknown: [("requests = 100", "requests = 100\nrtt = \"5ms\"\nrtt_by = [\"tun\", \"nettem\"]")];
    client_of_the_other_flavour: [(MATRIX, "limit = 5\nclient = \"ureq\"")];
    clients_of_both_flavours: [("\"ureq\", \"reqwest-blocking\"", "\"ureq\", \"reqwest\"")];
    reuse_that_the_client_lacks: [(MATRIX, "limit = 5\nreuse = [\"none\", \"pool\"]")];
    limit_is_missing: [(MATRIX, "")];
    limit_is_forbidden: [("model = \"sequential\"", "model = \"sequential\"\nlimit = [1, 2]")];
    runtime_of_threads: [("model = \"sequential\"", "model = \"sequential\"\nruntime = \"current-thread\"")];
    strategy_twice: [("[blocks]", "[[strategy]]\nlabel = \"again\"\nmodel = \"async-semaphore\"\nlimit = [5, 100]\n\n[blocks]")];
    strategies_empty: [
        ("[[strategy]]\nlabel = \"sync\"\nmodel = \"sequential\"\nclient = [\"ureq\", \"reqwest-blocking\"]\n", ""),
        ("[[strategy]]\nlabel = \"async\"\nmodel = \"async-semaphore\"\nlimit = [10, 100]\n", ""),
        ("[workload]", "strategy = []\n\n[workload]"),
    ];
    too_many_trials: [("count = 15", "count = 1000"), ("requests = 100", &format!("requests = {:?}", (1..=300).collect::<Vec<_>>()))];
    baseline_selects_several: [(BASELINE, "model = \"sequential\"")];
    baseline_selects_none_together: [(BASELINE, "label = \"sync\"\nlimit = 10")];
    baseline_value_is_nowhere: [(BASELINE, "label = \"snyc\"\nlimit = 11")];
    baseline_in_some_scenarios_only: [("requests = 100", "requests = [100, 200]"), (BASELINE, "label = \"sync\"\nclient = \"ureq\"\nrequests = 200")];
    control_has_an_unknown_factor: [("[blocks]", "[control]\nlable = \"sync\"\n\n[blocks]")];
    exclude_selects_none: [("[blocks]", "[[exclude]]\nlimit = 10\nclient = \"ureq\"\n\n[blocks]")];
    everything_is_excluded: [("[blocks]", "[[exclude]]\nmodel = [\"sequential\", \"async-semaphore\"]\n\n[blocks]")];
    claim_about_an_excluded_cell: [
        ("[blocks]", "[[exclude]]\nlimit = 100\n\n[blocks]"),
        ("of = { label = \"async\" }", "of = { label = \"async\", limit = 100 }"),
    ];
    claim_over_several_cells: [("over = \"ideal\"", "over = { label = \"sync\" }")];
    claim_over_a_word: [("over = \"ideal\"", "over = \"idea\"")];
    claim_of_memory_over_ideal: [("over = \"ideal\"", "over = \"ideal\"\nmetric = \"memory\"")];
    claim_of_latency_over_ideal: [("over = \"ideal\"", "over = \"ideal\"\nmetric = \"p99\"")];
    claim_of_time_over_requests: [("over = \"ideal\"", "over = \"requests\"")];
    claim_over_a_round_trip_of_loopback: [("over = \"ideal\"", "over = \"round-trip\"")];
    claim_of_a_count_over_a_round_trip: [
        ("over = \"ideal\"", "over = \"round-trip\"\nmetric = \"dns-queries\"")
    ];
    claim_over_a_metric_of_another_unit: [
        ("over = \"ideal\"", "over = \"server-memory\"\nmetric = \"server-cpu\"")
    ];
    claim_over_its_own_metric: [("over = \"ideal\"", "over = \"wall\"")];
    claim_over_a_list_of_one: [("over = \"ideal\"", "over = [\"ideal\"]")];
    claim_over_a_list_with_nothing: [("over = \"ideal\"", "over = [\"cpu\", \"nothing\"]")];
    claim_over_a_list_with_bad_words: [
        ("over = \"ideal\"", "over = [\"ideal\", \"cpus\", { label = \"sync\" }]")
    ];
    claim_over_a_round_trip_of_loopback_in_a_list: [
        ("over = \"ideal\"", "over = [\"ideal\", \"round-trip\"]")
    ];
    claim_without_a_bound: [("at_most = 1.15", "")];
    claim_bounds_cross: [("at_most = 1.15", "at_most = 1.15\nat_least = 1.2")];
    claim_bound_without_a_unit: [("over = \"ideal\"", "over = \"nothing\"")];
    claim_bound_with_a_unit: [("1.15", "\"10ms\"")];
    errors_do_not_cascade: [
        ("model = \"async-semaphore\"", "model = \"async-semaphor\""),
        ("requests = 100", "requests = 0"),
    ];
    long_lines_and_wide_letters: [("question = \"", "question = \"ééé\"\n\"größe\" = 5\nlong = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\nq = \"")];
}

#[test]
fn a_matrix_of_a_million_cells_is_one_error() {
    let list = format!("{:?}", (1..=1_000).collect::<Vec<_>>());
    let text = changed(&[("requests = 100", &format!("requests = {list}")), ("[10, 100]", &list)]);
    told("a_matrix_of_a_million_cells", &text, &[]);
}

#[test]
fn a_matrix_is_counted_before_it_is_made() {
    // 10^30 cells: this returns at all only if nothing of them is allocated.
    let list = format!("{:?}", (16..=10_015).collect::<Vec<_>>());
    let timeouts: Vec<String> = (1..=10_000).map(|n| format!("{n}ms")).collect();
    let text = changed(&[
        ("requests = 100", &format!("requests = {list}")),
        ("[10, 100]", &format!("{list}\nnofile = {list}\ntimeout = {timeouts:?}")),
    ]);
    let errors = parse(&text, &[]).expect_err("too large").to_string();
    assert!(errors.contains("at most 10000 can be run"), "{errors}");
    assert!(errors.ends_with("1 error in experiments/x.toml"), "{errors}");
}

#[test]
fn an_empty_file_is_told_what_to_write() {
    told("an_empty_file", "", &[]);
}

#[test]
fn values_of_overrides_are_shown_as_such() {
    bad("override_values", &[], &["workload.requests=0", "strategy.async.limit=[1, \"x\"]"]);
}

#[test]
fn an_override_can_break_what_stands_elsewhere() {
    let of = ("of = { label = \"async\" }", "of = { label = \"async\", limit = 100 }");
    bad("override_breaks_a_claim", &[of], &["strategy.async.limit=5"]);
}

#[test]
fn paths_of_overrides_are_checked() {
    let overrides = [
        "workload.request=5",
        "limit=5",
        "strategy.limit=5",
        "strategy.asynk.limit=5",
        "strategy.2.limit=5",
        "exclude.0.limit=5",
        "requests",
        "a b=5",
        "title.x=5",
        "record=",
        "workload.requests=[1,",
        "=5",
    ];
    bad("override_paths", &[], &overrides);
    let same = ("label = \"async\"\nmodel", "label = \"sync\"\nmodel");
    bad("override_label_twice", &[same], &["strategy.sync.reuse=none"]);
}

#[test]
fn files_that_cannot_be_read_have_a_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("good.toml"), "").expect("write");
    std::fs::write(path("latin.toml"), b"title = \"x\"\n# caf\xe9\n").expect("write");
    std::fs::write(path("large.toml"), vec![b'#'; 1024 * 1024 + 1]).expect("write");
    let tell = |path: &Path| {
        let error = Source::read(path, Vec::new()).expect_err("unreadable").to_string();
        error.replace(&folder.path().display().to_string(), "DIR")
    };
    let told = [
        tell(folder.path()),
        tell(&path("godo.toml")),
        tell(&path("something-else.toml")),
        tell(&path("latin.toml")),
        tell(&path("large.toml")),
        tell(&path("good.toml/x.toml")),
    ];
    snapshot("files_that_cannot_be_read", &told.join("\n\n"));
    let read = Source::read(&path("good.toml"), vec!["a=1".into()]).expect("good");
    assert_eq!(
        (read.text.as_str(), read.overrides.as_slice()),
        ("", ["a=1".to_owned()].as_slice())
    );
}

#[test]
fn many_errors_are_counted_and_the_first_shown() {
    let text = changed(&[("[10, 100]", &format!("{:?}", vec![0; 200]))]);
    let errors = parse(&text, &[]).expect_err("bad");
    assert_eq!(errors.iter().len(), 200);
    let shown = errors.to_string();
    assert_eq!(shown.matches("error: ").count(), 50);
    assert!(shown.ends_with("200 errors in experiments/x.toml, the first 50 shown"));
    let first = errors.iter().next().expect("an error");
    assert!(first.message().starts_with("`limit` must be"));
    assert_eq!(first.location(), Some("experiments/x.toml:20:10"));
}
