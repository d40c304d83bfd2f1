//! The contract of programs, asked of one: what it does, what it leaves out, and what it breaks.
//!
//! Each case runs the program once against a small server that misbehaves as the case says. The server is
//! not the delay server: that one never answers wrongly.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::child::{CLIENT_COMMAND, End, Ended, Process, Wait, command, this_binary};
use crate::delay::{Delay, Fixed, Model};
use crate::protocol::{ClientConfig, ClientReport, ServerReady};
use crate::spec::Scenario;
use crate::strategy::{IndexBy, Program, Settings, Strategy};

/// An answer to one question of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// Name of the case.
    pub case: &'static str,
    /// The observation.
    pub seen: String,
}

/// Verdict on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The program does it.
    Kept,
    /// The program does not do it, and need not.
    LeftOut,
    /// The program breaks the contract.
    Broken,
}

/// A trial of a case may take this long.
const DEADLINE: Duration = Duration::from_secs(60);

/// Answers of the case with a limit come after this time, so that requests overlap.
const OVERLAP: Duration = Duration::from_millis(30);

/// A cold virtual machine may need half a second for its first request.
const TIMEOUT_NS: u64 = 1_500_000_000;
const SLOW: Duration = Duration::from_secs(4);

const LIMIT: u32 = 3;

/// Asks a program with these values of its settings everything.
pub fn check(program: &Program, settings: &Settings) -> Vec<Finding> {
    let asked = Asked { program, settings };
    let mut findings = Vec::new();
    for ask in [one, ten, limit, error_answer, slow_answer, closed_connection] {
        findings.extend(ask(&asked));
    }
    findings
}

struct Asked<'a> {
    program: &'a Program,
    settings: &'a Settings,
}

/// One case.
struct Case {
    name: &'static str,
    requests: u32,
    limit: u32,
    timeout_ns: Option<u64>,
    reply: fn(u32) -> Reply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    Good(Duration),
    Status(u16),
    /// The connection is closed without an answer.
    Closed,
}

impl Case {
    const fn of(name: &'static str, requests: u32, reply: fn(u32) -> Reply) -> Case {
        // Some clients must be given a limit.
        Case { name, requests, limit: requests, timeout_ns: None, reply }
    }

    fn found(&self, verdict: Verdict, seen: impl Into<String>) -> Finding {
        Finding { verdict, case: self.name, seen: seen.into() }
    }
}

/// A good answer at once.
const fn good(_: u32) -> Reply {
    Reply::Good(Duration::ZERO)
}

fn one(asked: &Asked) -> Vec<Finding> {
    let case = Case::of("one request", 1, good);
    asked.ran(&case, |_, seen| asked.each_once(&case, seen))
}

fn ten(asked: &Asked) -> Vec<Finding> {
    let case = Case::of("ten requests", 10, good);
    asked.ran(&case, |report, seen| {
        let mut findings = asked.each_once(&case, seen);
        findings.push(match reports(report) {
            false => case.found(Verdict::LeftOut, "it reports nothing: latencies stay empty"),
            true if report.issued == 10 => case.found(Verdict::Kept, "it reports all of them"),
            true => {
                let issued = report.issued;
                case.found(Verdict::Broken, format!("it reports {issued} of 10 requests"))
            }
        });
        if reports(report) && report.began_ns.is_none() {
            let seen = "its times are not of the machine's monotonic clock: CPU time cannot be told apart from its start";
            findings.push(case.found(Verdict::LeftOut, seen));
        }
        let connections = seen.connections;
        let seen = format!("it opens {connections} connections for 10 requests");
        findings.push(case.found(Verdict::Kept, seen));
        findings
    })
}

fn limit(asked: &Asked) -> Vec<Finding> {
    let reply = |_| Reply::Good(OVERLAP);
    let case = Case { limit: LIMIT, ..Case::of("a limit of 3", 30, reply) };
    asked.ran(&case, |_, seen| {
        let mut findings = asked.each_once(&case, seen);
        let peak = seen.peak;
        let takes_limit = asked.program.run.iter().any(|word| word.contains("{limit}"));
        findings.push(match (peak.cmp(&LIMIT), takes_limit) {
            (std::cmp::Ordering::Equal, _) => case.found(Verdict::Kept, "it has 3 in flight"),
            (std::cmp::Ordering::Less, _) => {
                let seen = format!("it never has more than {peak} in flight");
                case.found(Verdict::LeftOut, seen)
            }
            (std::cmp::Ordering::Greater, true) => {
                case.found(Verdict::Broken, format!("it has {peak} in flight"))
            }
            (std::cmp::Ordering::Greater, false) => {
                let seen = format!("it has {peak} in flight: give its strategies no `limit`");
                case.found(Verdict::LeftOut, seen)
            }
        });
        findings
    })
}

fn error_answer(asked: &Asked) -> Vec<Finding> {
    let reply = |index| if index == 1 { Reply::Status(503) } else { good(index) };
    let case = Case::of("an error answer", 3, reply);
    asked.ran(&case, |report, _| asked.told(&case, report, "status(5xx)"))
}

fn slow_answer(asked: &Asked) -> Vec<Finding> {
    let reply = |index| Reply::Good(if index == 1 { SLOW } else { Duration::ZERO });
    let case = Case { timeout_ns: Some(TIMEOUT_NS), ..Case::of("a slow answer", 3, reply) };
    asked.ran(&case, |report, _| {
        if report.errors.is_empty() {
            let seen = "it waits longer than its timeout: give its strategies none";
            return vec![case.found(Verdict::LeftOut, seen)];
        }
        asked.told(&case, report, "timeout(head)")
    })
}

fn closed_connection(asked: &Asked) -> Vec<Finding> {
    let reply = |index| if index == 1 { Reply::Closed } else { good(index) };
    let case = Case::of("a closed connection", 3, reply);
    asked.ran(&case, |report, seen| {
        if seen.arrived > case.requests {
            return vec![case.found(Verdict::LeftOut, "it sends the request again by itself")];
        }
        if !reports(report) {
            return vec![case.found(Verdict::Kept, "it ends with success")];
        }
        match report.errors.values().sum::<u64>() {
            1 => {
                let class = report.errors.keys().next().cloned().unwrap_or_default();
                vec![case.found(Verdict::Kept, format!("it reports `{class}`"))]
            }
            n => {
                vec![case.found(Verdict::Broken, format!("it reports {n} failed requests, not 1"))]
            }
        }
    })
}

fn reports(report: &ClientReport) -> bool {
    report.program.as_ref().is_some_and(|program| program.reports)
}

impl Asked<'_> {
    /// Runs a case, and judges it if it could be run.
    fn ran(
        &self,
        case: &Case,
        judge: impl FnOnce(&ClientReport, &Seen) -> Vec<Finding>,
    ) -> Vec<Finding> {
        let by_arrival = self.program.index_by == IndexBy::Arrival;
        let server = match Server::start(case.reply, by_arrival) {
            Ok(server) => server,
            Err(error) => return vec![case.found(Verdict::Broken, format!("no server: {error}"))],
        };
        match self.report(case, server.address) {
            Ok(report) => judge(&report, &server.seen()),
            Err(Ended::Failed(why) | Ended::Unavailable(why)) => {
                vec![case.found(Verdict::Broken, why)]
            }
            Err(Ended::Stopped) => vec![case.found(Verdict::Broken, "interrupted")],
        }
    }

    fn report(&self, case: &Case, server: SocketAddr) -> Result<ClientReport, Ended> {
        let delay = Delay { model: Model::Fixed(Fixed { ns: 0 }), max_ns: None };
        let scenario = Scenario::plain(case.requests, delay);
        let strategy = Strategy {
            settings: (!self.settings.0.is_empty()).then(|| self.settings.clone()),
            limit: NonZeroU32::new(case.limit),
            timeout_ns: case.timeout_ns,
            ..Strategy::of_program("", self.program.clone())
        };
        let role = format!("program `{}`", self.program.name);
        let child = command(&this_binary(), CLIENT_COMMAND);
        let mut client = Process::start_to_end(&role, child, End::ByInput)?;
        client.send(&ClientConfig::of(&scenario, &strategy, &ServerReady::at(server)))?;
        let stop = AtomicBool::new(false);
        let wait = Wait::new(DEADLINE, &stop);
        let report: ClientReport = client.answer(&wait)?;
        match report.program.as_ref().and_then(|program| program.failure.as_deref()) {
            Some(why) => Err(client.failed(why)),
            None => Ok(report),
        }
    }

    /// Whether each request came once.
    fn each_once(&self, case: &Case, seen: &Seen) -> Vec<Finding> {
        if let Some(path) = &seen.unknown {
            let seen = format!(
                "it asks for `{path}`: request i is `GET /i`, or write index_by = \"arrival\""
            );
            return vec![case.found(Verdict::Broken, seen)];
        }
        let missing: Vec<u32> =
            (0..case.requests).filter(|i| !seen.times.contains_key(i)).collect();
        let beyond = seen.times.keys().filter(|i| **i >= case.requests).count();
        let twice = seen.times.values().filter(|&&times| times > 1).count();
        if missing.is_empty() && twice == 0 && beyond == 0 {
            return vec![case.found(Verdict::Kept, "each request comes once")];
        }
        let seen = format!(
            "{} requests are missing, {twice} come twice, {beyond} are none of the {}",
            missing.len(),
            case.requests
        );
        vec![case.found(Verdict::Broken, seen)]
    }

    /// Whether exactly one request failed, with this class.
    fn told(&self, case: &Case, report: &ClientReport, class: &str) -> Vec<Finding> {
        if !reports(report) {
            return vec![case.found(Verdict::Kept, "it goes on, and ends with success")];
        }
        let found = if report.errors == BTreeMap::from([(class.to_owned(), 1)]) {
            case.found(Verdict::Kept, format!("it reports `{class}`"))
        } else {
            let errors: Vec<String> =
                report.errors.iter().map(|(class, n)| format!("{class} {n}")).collect();
            let errors = if errors.is_empty() { "no error".to_owned() } else { errors.join(", ") };
            case.found(Verdict::Broken, format!("it reports {errors} instead of {class} 1"))
        };
        vec![found]
    }
}

/// Requests and connections that the server of a case saw.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// Number of requests for each index.
    times: BTreeMap<u32, u32>,
    unknown: Option<String>,
    arrived: u32,
    connections: u32,
    in_flight: u32,
    peak: u32,
}

struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Starts it. It serves for as long as this process lives.
    fn start(reply: fn(u32) -> Reply, by_arrival: bool) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        std::thread::spawn({
            let seen = Arc::clone(&seen);
            move || {
                for stream in listener.incoming().flatten() {
                    lock(&seen).connections += 1;
                    let seen = Arc::clone(&seen);
                    // A connection that breaks is the client's doing.
                    std::thread::spawn(move || drop(serve(&stream, &seen, reply, by_arrival)));
                }
            }
        });
        Ok(Server { address, seen })
    }

    fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves a connection until it ends. Requests have no bodies.
fn serve(
    stream: &TcpStream,
    seen: &Mutex<Seen>,
    reply: fn(u32) -> Reply,
    by_arrival: bool,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    while let Some(Head { path, keeps }) = head(&mut input)? {
        let index = {
            let mut seen = lock(seen);
            let asked = path.strip_prefix('/').and_then(|digits| digits.parse().ok());
            let index = if by_arrival { Some(seen.arrived) } else { asked };
            seen.arrived += 1;
            match index {
                Some(index) => *seen.times.entry(index).or_default() += 1,
                None => seen.unknown = Some(path.chars().take(60).collect()),
            }
            seen.in_flight += 1;
            seen.peak = seen.peak.max(seen.in_flight);
            index
        };
        let reply = index.map_or(Reply::Status(404), reply);
        if let Reply::Good(after) = reply {
            std::thread::sleep(after);
        }
        lock(seen).in_flight -= 1;
        let status = match reply {
            Reply::Good(_) => "200 OK".to_owned(),
            Reply::Status(status) => format!("{status} Error"),
            Reply::Closed => return stream.shutdown(std::net::Shutdown::Both),
        };
        let mut output = stream;
        let connection = if keeps { "keep-alive" } else { "close" };
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: {connection}\r\n\r\n");
        output.write_all(answer.as_bytes())?;
        if !keeps {
            return stream.shutdown(std::net::Shutdown::Both);
        }
    }
    Ok(())
}

/// Bytes of a head at most.
const HEAD_BYTES: u64 = 64 * 1024;

/// A part of the head of a request.
struct Head {
    path: String,
    /// Whether the client wants to keep the connection.
    keeps: bool,
}

/// The head of the next request; `None` at the end of the connection.
fn head(input: &mut BufReader<&TcpStream>) -> io::Result<Option<Head>> {
    let mut head: Option<Head> = None;
    let mut limited = io::Read::take(input, HEAD_BYTES);
    let mut line = String::new();
    loop {
        line.clear();
        if limited.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_ascii_lowercase();
        match &mut head {
            Some(_) if line.is_empty() => return Ok(head),
            Some(head) => match line.strip_prefix("connection:").map(str::trim) {
                Some("close") => head.keeps = false,
                Some("keep-alive") => head.keeps = true,
                _ => {}
            },
            None => {
                let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                // Before HTTP/1.1, a connection was closed unless the client asked.
                head = Some(Head { path, keeps: !line.ends_with("http/1.0") });
            }
        }
    }
}
