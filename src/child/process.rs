//! The harness's side of a child process.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::line;
use crate::machine::without_folders;
use crate::protocol::{Aside, Tick};

/// Time between two looks of a wait at whether it should stop. An answer ends the wait at once.
const POLL: Duration = Duration::from_millis(50);

/// Lines of a failed process's standard error that are quoted.
const LAST_WORDS: usize = 12;

/// Longest wait for the pipes of a killed process. Only what it started, and what left its group
/// since, can hold them for longer.
const GRACE: Duration = Duration::from_secs(1);

/// Time that a child has to end what it has started.
const TIDY_UP: Duration = Duration::from_secs(10);

/// Why processes gave no answer. They are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The machine does not allow what they are for: why, in a sentence. Nothing is wrong.
    Unavailable(String),
    /// One failed or took too long: how, and what it said last.
    Failed(String),
    /// Asked to stop.
    Stopped,
}

/// Deadline and stop flag of a wait for answers.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'a> {
    until: Instant,
    deadline: Duration,
    stop: &'a AtomicBool,
}

impl<'a> Wait<'a> {
    /// Until `deadline` from now, or until `stop` is set.
    pub fn new(deadline: Duration, stop: &'a AtomicBool) -> Wait<'a> {
        Wait { until: Instant::now() + deadline, deadline, stop }
    }
}

/// A hidden subcommand of a build of inflight, ready to be started.
pub fn command(program: &Path, subcommand: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(subcommand);
    command
}

/// A child with drained pipes. Dropping one that still runs kills it, with what it started.
#[derive(Debug)]
pub struct Process {
    role: String,
    child: Child,
    /// Its end, once it is reaped.
    status: Option<ExitStatus>,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Lines that were looked at and not asked for yet.
    early: VecDeque<String>,
    last_words: Arc<Mutex<VecDeque<String>>>,
    drains: Vec<JoinHandle<()>>,
    started: Instant,
    /// When its standard output ended.
    output_ended: Arc<OnceLock<Instant>>,
    end: End,
}

/// End of a child that is needed no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is killed, and dies with its parent.
    Killed,
    /// It sees its standard input end, and ends what it has started first. A child that does not is
    /// killed all the same.
    ByInput,
}

impl Process {
    /// Starts a command that ends by being killed.
    ///
    /// See [`Process::start_to_end`].
    pub fn start(role: &str, command: Command) -> Result<Process, Ended> {
        Process::start_to_end(role, command, End::Killed)
    }

    /// Starts a command, of this binary or of any other; `role` names it in messages.
    ///
    /// Must be called on a thread that lives as long as the process: on Linux it is killed when the
    /// thread that started it ends.
    pub fn start_to_end(role: &str, mut command: Command, end: End) -> Result<Process, Ended> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match end {
            End::Killed => prepare(&mut command),
            End::ByInput => own_group(&mut command),
        }
        let failed = |e: std::io::Error| Ended::Failed(format!("{role} did not start: {e}"));
        let started = Instant::now();
        let mut child = command.spawn().map_err(failed)?;
        let output_ended = Arc::new(OnceLock::new());
        let (send, lines) = channel();
        let last_words = Arc::new(Mutex::new(VecDeque::new()));
        let mut drains = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            let ended = Arc::clone(&output_ended);
            drains.push(std::thread::spawn(move || {
                // A reader that has gone needs no more lines; the pipe is drained all the same.
                lines_of(stdout).for_each(|line| drop(send.send(line)));
                let _ = ended.set(Instant::now());
            }));
        }
        if let Some(stderr) = child.stderr.take() {
            let words = Arc::clone(&last_words);
            drains.push(std::thread::spawn(move || {
                for line in lines_of(stderr) {
                    let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
                    if words.len() == LAST_WORDS {
                        words.pop_front();
                    }
                    words.push_back(line);
                }
            }));
        }
        let input = child.stdin.take();
        Ok(Process {
            role: role.to_owned(),
            child,
            status: None,
            input,
            lines,
            early: VecDeque::new(),
            last_words,
            drains,
            started,
            output_ended,
            end,
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes a document and a line end to its standard input.
    pub fn send(&mut self, document: &impl Serialize) -> Result<(), Ended> {
        let written = self.input.as_mut().map(|input| input.write_all(&line(document)));
        match written {
            Some(Ok(())) => Ok(()),
            // A broken pipe says less than the child's own last words.
            _ => Err(self.failed("ended before it was told what to do")),
        }
    }

    /// Ends its standard input.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Ticks that it wrote so far between its answers.
    pub fn ticks(&mut self) -> impl Iterator<Item = Tick> + use<> {
        self.early.extend(self.lines.try_iter());
        let (ticks, answers) =
            self.early.drain(..).partition::<Vec<_>, _>(|line| tick(line).is_some());
        self.early = answers.into();
        ticks.into_iter().filter_map(|line| tick(&line))
    }

    /// The next line of its standard output that is an answer, as a document.
    pub fn answer<T: DeserializeOwned>(&mut self, wait: &Wait) -> Result<T, Ended> {
        self.answer_while(wait, || ())
    }

    /// Like [`answer`](Process::answer); `meanwhile` is done again and again while it waits.
    pub fn answer_while<T: DeserializeOwned>(
        &mut self,
        wait: &Wait,
        mut meanwhile: impl FnMut(),
    ) -> Result<T, Ended> {
        let line = loop {
            if let Some(line) = self.early.pop_front() {
                if tick(&line).is_none() {
                    break line;
                }
                continue;
            }
            meanwhile();
            if wait.stop.load(Ordering::Relaxed) {
                return Err(Ended::Stopped);
            }
            let left = wait.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.stuck(wait));
            }
            match self.lines.recv_timeout(left.min(POLL)) {
                Ok(line) => self.early.push_back(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.failed("ended without an answer"));
                }
            }
        };
        serde_json::from_str(&line)
            .map_err(|e| self.failed(&format!("gave an answer that cannot be read ({e})")))
    }

    /// Waits for its end, which must be a success.
    pub fn end(&mut self, wait: &Wait) -> Result<(), Ended> {
        // It has closed its output, or is about to: the drains end with it.
        if !self.is_drained_by(wait.until) {
            return Err(self.stuck(wait));
        }
        self.status = self.child.wait().ok();
        match self.status {
            Some(status) if status.success() => Ok(()),
            _ => Err(self.failed("answered, then failed")),
        }
    }

    fn is_drained_by(&self, until: Instant) -> bool {
        while self.drains.iter().any(|d| !d.is_finished()) {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    /// From before it was started until its standard output was closed, which the kernel does at its
    /// exit, after its memory is given back; nothing before its end.
    pub fn lived(&self) -> Option<Duration> {
        self.output_ended.get().map(|ended| ended.duration_since(self.started))
    }

    fn stuck(&mut self, wait: &Wait) -> Ended {
        self.failed(&format!("was still running after the deadline of {:?}", wait.deadline))
    }

    /// Kills and reaps the child, and tells what it said last.
    pub fn failed(&mut self, how: &str) -> Ended {
        let status = self.kill();
        self.is_drained_by(Instant::now() + GRACE);
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        let words: Vec<String> = words.iter().map(|line| without_folders(line)).collect();
        // A child that ended well did so because it was asked to.
        let status = status.filter(|status| !status.success());
        let status = status.map_or(String::new(), |s| format!(" ({s})"));
        let said = if words.is_empty() {
            "it said nothing".to_owned()
        } else {
            format!("it said: {}", words.join(" | "))
        };
        Ended::Failed(format!("{} {how}{status}; {said}", self.role))
    }

    fn kill(&mut self) -> Option<ExitStatus> {
        if self.end == End::ByInput && self.status.is_none() {
            self.input = None;
            let until = Instant::now() + TIDY_UP;
            while self.status.is_none() && Instant::now() < until {
                self.status = self.child.try_wait().ok().flatten();
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        if self.status.is_none() {
            self.status = kill(&mut self.child);
        }
        self.status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Bytes of a line that are kept. Answers of our own children have a few hundred kilobytes at most.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// The lines of a stream. What is not UTF-8 is replaced, and what is longer than any answer is cut: a pipe
/// is drained, whatever comes through it.
fn lines_of(stream: impl Read) -> impl Iterator<Item = String> {
    lines_up_to(stream, LONGEST_LINE)
}

fn lines_up_to(stream: impl Read, most: usize) -> impl Iterator<Item = String> {
    let mut stream = BufReader::new(stream);
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        loop {
            let buffer = stream.fill_buf().ok()?;
            if buffer.is_empty() && line.is_empty() {
                return None;
            }
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let read = end.unwrap_or(buffer.len());
            line.extend_from_slice(&buffer[..read.min(most - line.len())]);
            let is_over = end.is_some() || buffer.is_empty();
            stream.consume(read + usize::from(end.is_some()));
            if is_over {
                let line = String::from_utf8_lossy(&line);
                return Some(line.trim_end_matches('\r').to_owned());
            }
        }
    })
}

/// A message of a server between its answers.
fn tick(line: &str) -> Option<Tick> {
    let Aside::Tick(tick) = serde_json::from_str(line).ok()?;
    Some(tick)
}

/// The binary that runs, even if the file was replaced since (a rebuild during a long run).
pub fn this_binary() -> PathBuf {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() { own } else { std::env::current_exe().unwrap_or(own) }
}

/// Kills and reaps a child that is not reaped yet, and kills what it started: the rest of its group.
pub(crate) fn kill(child: &mut Child) -> Option<ExitStatus> {
    #[cfg(unix)]
    {
        let group = rustix::process::Pid::from_child(child);
        // It may have ended by itself just now.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    // Killing fails only if it is gone already; then its own status is the right one.
    let _ = child.kill();
    child.wait().ok()
}

/// A child has a process group of its own and dies with its parent, and Ctrl-C on the terminal reaches the parent alone.
#[cfg(target_os = "linux")]
pub(crate) fn prepare(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    own_group(command);
    let parent = rustix::process::getpid();
    // SAFETY: between fork and exec only system calls are made and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
            // The parent may have died before the signal was asked for.
            if rustix::process::getppid() == Some(parent) {
                Ok(())
            } else {
                Err(std::io::Error::from(std::io::ErrorKind::NotFound))
            }
        });
    }
}

/// A child has a process group of its own, and Ctrl-C on the terminal reaches the parent alone.
#[cfg(not(target_os = "linux"))]
pub(crate) fn prepare(command: &mut Command) {
    own_group(command);
}

fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_process_lives_from_its_start_to_its_exit() {
        let stop = AtomicBool::new(false);
        let wait = Wait::new(Duration::from_secs(60), &stop);
        let mut command = Command::new("sh");
        // Work before and after what it says.
        command.args(["-c", "sleep 0.05; echo 1; read end; sleep 0.05"]);
        let before = Instant::now();
        let mut process = Process::start("shell", command).expect("a shell");
        assert_eq!(process.answer::<u32>(&wait).expect("a number"), 1);
        assert_eq!(process.lived(), None);
        process.close_input();
        process.end(&wait).expect("a good end");
        let lived = process.lived().expect("it has ended");
        assert!(lived >= Duration::from_millis(100) && lived <= before.elapsed(), "{lived:?}");
    }

    /// A program that knows nothing of the protocol, has a child of its own, and is no friend of UTF-8.
    #[test]
    fn a_program_of_another_kind_is_drained_quoted_and_killed_with_its_children() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo late >&2; sleep 60 & echo 7; printf '\\377\\n'; wait"]);
        let stop = AtomicBool::new(false);
        let wait = Wait::new(Duration::from_secs(20), &stop);
        let mut process = Process::start("server `other`", command).expect("a shell");
        assert_eq!(process.answer::<u32>(&wait), Ok(7));
        let unreadable = process.answer::<String>(&wait);
        let Err(Ended::Failed(why)) = unreadable else { panic!("{unreadable:?}") };
        let begins = "server `other` gave an answer that cannot be read (";
        assert!(why.starts_with(begins) && why.ends_with("; it said: late"), "{why}");
        // Whoever still runs holds the pipes.
        assert!(process.is_drained_by(Instant::now()));
    }

    #[test]
    fn a_line_without_an_end_is_cut_and_the_next_is_whole() {
        let lines = |text: &str| lines_up_to(text.as_bytes(), 4).collect::<Vec<_>>();
        assert_eq!(lines("abcdefgh\nij\r\n\nk"), ["abcd", "ij", "", "k"]);
        assert!(lines("").is_empty());
    }

    /// It ends what it has started when its input ends, and nothing before.
    #[test]
    fn a_child_that_ends_by_its_input_is_not_killed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mark = folder.path().join("tidy");
        let mut command = Command::new("sh");
        command.args(["-c", "echo 1; read end; sleep 0.1; : > \"$0\""]).arg(&mark);
        let stop = AtomicBool::new(false);
        let wait = Wait::new(Duration::from_secs(20), &stop);
        let mut process = Process::start_to_end("tidy", command, End::ByInput).expect("a shell");
        assert_eq!(process.answer::<u32>(&wait), Ok(1));
        assert!(!mark.exists());
        drop(process);
        assert!(mark.exists());
    }

    #[test]
    fn asides_do_not_stand_in_the_way_of_answers() {
        let tick = |answered| Aside::Tick(Tick { answered, in_flight: 0 });
        let say = |aside: &Aside| serde_json::to_string(aside).expect("plain data");
        let says = format!("printf '%s\\n' '{}' '\"one\"' '{}' '2'", say(&tick(5)), say(&tick(6)));
        let mut command = Command::new("sh");
        command.args(["-c", &says]);
        let mut process = Process::start("shell", command).expect("a shell");
        let stop = AtomicBool::new(false);
        let wait = Wait::new(Duration::from_secs(60), &stop);
        assert_eq!(process.answer::<String>(&wait).expect("a text"), "one");
        process.end(&wait).expect("a good end");
        let told: Vec<u64> = process.ticks().map(|tick| tick.answered).collect();
        assert_eq!(told, [6]);
        assert_eq!(process.answer::<u32>(&wait).expect("a number"), 2);
    }
}
