//! Input and output of a server child; and, in a process of its own, a limit of open files.

use std::io::Cursor;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::*;
use crate::protocol::Aside;

fn run(input: impl Into<Vec<u8>>) -> Result<Vec<u8>, ChildError> {
    let mut output = Vec::new();
    run_child(Cursor::new(input.into()), &mut output).map(|()| output)
}

#[test]
fn an_input_that_ends_gives_both_documents() {
    let input = serde_json::to_string(&config(10, 1)).unwrap() + "\n";
    let output = run(input).unwrap();
    let lines: Vec<_> = output.lines().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 2);
    let ready: ServerReady = serde_json::from_str(&lines[0]).unwrap();
    assert!(ready.addr.ip().is_loopback() && ready.addr.port() != 0);
    let report: ServerReport = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!((report.requests, report.connections), (0, 0));
}

#[test]
fn between_both_documents_it_says_how_far_it_has_come() {
    let (input, mut to_server) = std::io::pipe().unwrap();
    let (from_server, output) = std::io::pipe().unwrap();
    let server = std::thread::spawn(move || run_child(BufReader::new(input), output));
    let config = ServerConfig { tick_ns: Some(10_000_000), ..config(10, 1) };
    writeln!(to_server, "{}", serde_json::to_string(&config).unwrap()).unwrap();
    let mut lines = BufReader::new(from_server).lines().map(Result::unwrap);
    let ready: ServerReady = serde_json::from_str(&lines.next().unwrap()).unwrap();
    Client::to(ready.addr).get(0, "");
    let mut ticks = lines.by_ref().map(|line| serde_json::from_str(&line).unwrap());
    let told = ticks.find(|Aside::Tick(tick)| tick.answered == 1).unwrap();
    assert_eq!(told, Aside::Tick(Tick { answered: 1, in_flight: 0 }));
    drop(to_server);
    let report: ServerReport = serde_json::from_str(&lines.last().unwrap()).unwrap();
    assert_eq!(report.answered, 1);
    server.join().unwrap().unwrap();
}

#[test]
fn another_version_is_told_before_another_form() {
    let error = run("{\"protocol\":99,\"news\":true}\n").unwrap_err();
    assert!(matches!(error, ChildError::Version { theirs: 99 }));
    let text = error.to_string();
    assert!(text.starts_with("the harness speaks version 99 of the trial protocol"), "{text}");
}

#[test]
fn what_is_no_configuration_is_told() {
    assert!(matches!(run("").unwrap_err(), ChildError::Config(_)));
    assert!(matches!(run("hello\n").unwrap_err(), ChildError::Config(_)));
    let unknown = run(format!("{{\"protocol\":{VERSION},\"news\":true}}\n")).unwrap_err();
    assert!(unknown.to_string().contains("unknown field `news`"), "{unknown}");
}

#[test]
fn a_harness_that_does_not_read_ends_the_server() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    // An input that stays open.
    let (input, _open) = std::io::pipe().unwrap();
    let mut input = BufReader::new(input);
    let mut line = serde_json::to_vec(&config(0, 0)).unwrap();
    line.push(b'\n');
    (&_open).write_all(&line).unwrap();
    input.fill_buf().unwrap();
    let error = run_child(input, Gone).unwrap_err().to_string();
    assert!(error.starts_with("cannot write to the harness"), "{error}");
}

/// Set for a process that is to be a child, so that the function below is harmless otherwise.
const AS_CHILD: &str = "INFLIGHT_TEST_AS_CHILD";

/// Not a test: this binary, started again by the tests below, as the child.
#[test]
#[ignore = "a server that other tests start as a process"]
fn child() {
    if std::env::var_os(AS_CHILD).is_some() {
        run_child(BufReader::new(std::io::stdin()), std::io::stdout()).unwrap();
    }
}

pub(super) struct Process {
    pub(super) child: Child,
    input: Option<ChildStdin>,
    output: BufReader<std::process::ChildStdout>,
}

impl Process {
    pub(super) fn start(config: &ServerConfig) -> (Process, ServerReady) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server::tests::as_a_child::child", "--ignored", "--nocapture"])
            .env(AS_CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        writeln!(input, "{}", serde_json::to_string(config).unwrap()).unwrap();
        let mut process = Process { child, input: Some(input), output };
        let ready: ServerReady = serde_json::from_str(&process.document()).unwrap();
        (process, ready)
    }

    /// The next line that is one: the test harness of the child writes to the same output.
    fn document(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "no document");
            if line.starts_with('{') {
                return line;
            }
        }
    }

    pub(super) fn stop(mut self) -> ServerReport {
        drop(self.input.take());
        let report = serde_json::from_str(&self.document()).unwrap();
        // It ends while its last words can still be written.
        std::io::copy(&mut self.output, &mut std::io::sink()).unwrap();
        assert!(self.child.wait().unwrap().success());
        report
    }
}

#[test]
fn without_files_connections_wait_and_nothing_spins() {
    let (process, ready) = Process::start(&ServerConfig { nofile: Some(40), ..config(10, 1) });
    let addr = ready.addr;
    let mut clients: Vec<_> = (0..100).map(|_| Client::to(addr)).collect();
    clients.iter_mut().for_each(|client| client.send("GET /0", ""));
    // Most of them are in the accept queue for this long.
    std::thread::sleep(Duration::from_millis(500));
    // Each one that goes makes room for another: all are answered, without a second's wait.
    let start = Instant::now();
    let answered =
        clients.into_iter().filter_map(|mut c| (c.receive().status == 200).then_some(()));
    assert_eq!(answered.count(), 100);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let report = process.stop();
    assert_eq!((report.connections, report.answered), (100, 100));
    let cpu_ns = report.cpu_user_ns + report.cpu_sys_ns;
    assert!(cpu_ns < 400_000_000, "{cpu_ns} ns of CPU in half a second of waiting");
}
