//! The delay server by hand.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use crate::bench::{Bench, TINY};

/// A server that was started by hand.
struct Served {
    server: Child,
    out: BufReader<ChildStdout>,
    /// Its first output.
    url: String,
}

impl Served {
    fn start(bench: &Bench, args: &[&str]) -> Served {
        let mut server = bench
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut out = BufReader::new(server.stdout.take().expect("its output"));
        let mut url = String::new();
        out.read_line(&mut url).expect("its address");
        Served { server, out, url: url.trim().to_owned() }
    }

    /// Stops it by SIGINT. Returns its report.
    fn stop(mut self) -> serde_json::Value {
        let pid = rustix::process::Pid::from_child(&self.server);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
        let report = serde_json::from_reader(self.out).expect("a report");
        assert!(self.server.wait().expect("an end").success());
        report
    }
}

/// Starts a server, asks it for an answer, stops it. Returns the answer's delay in milliseconds as
/// the server tells it, and the server's report.
fn ask(args: &[&str], path: &str, header: Option<(&str, &str)>) -> (f64, serde_json::Value) {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let served = Served::start(&bench, args);
    let mut request = ureq::get(format!("{}{path}", served.url));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let mut answer = request.call().expect("an answer");
    let timing = answer.headers()["server-timing"].to_str().expect("text").to_owned();
    let delay = timing.strip_prefix("delay;dur=").expect("a delay").parse().expect("a number");
    let body = answer.body_mut().read_to_vec().expect("a body");
    let report = served.stop();
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
fn its_certificate_is_written_where_it_was_asked_for() {
    let bench = Bench::new();
    let served = Served::start(&bench, &["serve", "--tls", "cert.pem", "--body", "10B"]);
    assert!(served.url.starts_with("https://127.0.0.1:"), "{}", served.url);
    let pem = fs_err::read(bench.path("cert.pem")).expect("a certificate");
    inflight::tls::install_provider();
    let certificate = ureq::tls::Certificate::from_pem(&pem).expect("a certificate");
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::new_with_certs(&[certificate]))
        .build();
    let agent =
        ureq::Agent::new_with_config(ureq::config::Config::builder().tls_config(tls).build());
    let url = format!("{}3?redirects=2", served.url);
    let mut answer = agent.get(url).call().expect("an answer");
    assert_eq!(answer.headers()["inflight-index"], "3");
    assert_eq!(answer.body_mut().read_to_vec().expect("a body").len(), 10);
    let report = served.stop();
    assert_eq!((&report["answered"], &report["redirected"]), (&1.into(), &2.into()));
    assert_eq!((&report["tls_full"], &report["tls_failed"]), (&1.into(), &0.into()));
}

#[test]
fn a_certificate_without_a_place_is_told_before_anything_is_served() {
    let bench = Bench::new();
    let called = bench.call(&["serve", "--tls", "no/such/folder.pem"]);
    called.exits(74).is_one_clear_message().says("no/such/folder.pem");
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
