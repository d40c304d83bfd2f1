//! The delay server by hand.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::bench::{Bench, TINY};

/// Starts a server, asks it for an answer, stops it by SIGINT. Returns the answer's delay in
/// milliseconds as the server tells it, and the server's report.
fn ask(args: &[&str], path: &str, header: Option<(&str, &str)>) -> (f64, serde_json::Value) {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let mut server = bench
        .command(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut out = BufReader::new(server.stdout.take().expect("its output"));
    let mut url = String::new();
    out.read_line(&mut url).expect("its address");
    let mut request = ureq::get(format!("{}{path}", url.trim()));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let mut answer = request.call().expect("an answer");
    let timing = answer.headers()["server-timing"].to_str().expect("text").to_owned();
    let delay = timing.strip_prefix("delay;dur=").expect("a delay").parse().expect("a number");
    let body = answer.body_mut().read_to_vec().expect("a body");
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    let report: serde_json::Value = serde_json::from_reader(out).expect("a report");
    assert!(server.wait().expect("an end").success());
    assert_eq!(report["answered"], 1);
    assert!(!body.is_empty() || args.contains(&"--delay"));
    (delay, report)
}

#[test]
fn a_server_by_hand_prints_its_address_then_what_it_saw() {
    let (delay, report) = ask(&["serve", "--delay", "5ms"], "0", None);
    assert!(delay >= 5.0, "{delay}");
    assert_eq!(report["connections"], 1);
}

#[test]
fn it_takes_delays_from_an_experiment_and_from_a_header() {
    let (delay, _) = ask(&["serve", "tiny.toml"], "0", None);
    assert!(delay >= 1.0, "{delay}");
    let (delay, _) = ask(&["serve", "tiny.toml"], "0", Some(("Inflight-Delay", "30ms")));
    assert!(delay >= 30.0, "{delay}");
}

#[test]
fn it_stops_by_itself_if_asked() {
    let bench = Bench::new();
    bench.call(&["serve", "--stop-after", "20ms"]).exits(0).prints("\"requests\": 0");
}

#[test]
fn a_port_in_use_is_one_clear_message() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let bench = Bench::new();
    bench.call(&["serve", "--port", &port]).exits(74).is_one_clear_message().says(&port);
}
