//! netem: packets held by the kernel itself, set up with `tc`.

use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};

use rustix::thread::{
    CapabilitySet, capabilities, configure_capability_in_ambient_set, set_capabilities,
};
use serde::Deserialize;

use super::CAPACITY;

/// The loopback device.
const DEVICE: [&str; 2] = ["dev", "lo"];

/// Bytes of an Ethernet header, which the kernel counts on the loopback device, too.
const ETHERNET_HEADER: u64 = 14;

/// Reason why netem does not hold packets here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoNetem {
    #[error("this machine has no `tc`, which sets up netem")]
    NoTool,
    #[error("the kernel of this machine has no netem")]
    NoKernel,
    #[error("this machine does not set up netem: {0}")]
    Refused(String),
}

impl NoNetem {
    /// The reason, and what can be done.
    pub(super) fn with_way_out(&self) -> String {
        let way_out = match self {
            NoNetem::NoTool => "install iproute2",
            NoNetem::NoKernel => "load its module `sch_netem`, or boot a kernel that has it",
            NoNetem::Refused(why) if why.contains("not permitted") => "run as root",
            NoNetem::Refused(_) => return format!("{self}; ask for rtt_by = \"tun\""),
        };
        format!("{self}: {way_out}, or ask for rtt_by = \"tun\"")
    }
}

/// Counters of netem.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// Packets that it let pass.
    pub(super) packets: u64,
    /// Bytes of these packets, with IP headers.
    pub(super) bytes: u64,
    /// Packets that it had no room for.
    pub(super) dropped: u64,
}

/// Lets netem hold each packet of the loopback device of this thread's network for so long.
pub(super) fn hold(hold_ns: u64) -> Result<(), NoNetem> {
    // Where that is refused, so is what follows, or it is not needed.
    let _ = pass_on_rights();
    let (delay, limit) = (format!("{}us", delay_us(hold_ns)), CAPACITY.to_string());
    let netem = ["root", "netem", "delay", delay.as_str(), "limit", limit.as_str()];
    tc(&[&["qdisc", "replace"][..], &DEVICE, &netem].concat())?;
    // What cannot be told in the end should be known in the beginning.
    counted().map(drop).inspect_err(|_| let_go())
}

/// The device holds nothing from here on: another way is taken.
pub(super) fn let_go() {
    // No packet of a trial goes over it then, so that nothing is lost where this is refused.
    let _ = tc(&[&["qdisc", "del"][..], &DEVICE, &["root"]].concat());
}

/// Reads netem's counters so far.
pub(super) fn counted() -> Result<Counted, NoNetem> {
    let told = tc(&[&["-s", "-j", "qdisc", "show"][..], &DEVICE].concat())?;
    counted_in(&told).ok_or_else(|| {
        let told = told.trim();
        NoNetem::Refused(format!("`tc` does not tell what it did: {told}"))
    })
}

/// The delay to ask for. `tc` takes whole microseconds (newer ones take parts, too) and rounds what it
/// hands to the kernel down to ticks of 64 ns (newer ones do not), and no hold is to be shorter than
/// asked for: so it may be longer, by just over a microsecond at most.
fn delay_us(hold_ns: u64) -> u64 {
    const TICK_NS: u64 = 64;
    let us = hold_ns.div_ceil(1_000);
    let held_ns = us * 1_000 / TICK_NS * TICK_NS;
    if held_ns < hold_ns { us + 1 } else { us }
}

/// Programs that this thread starts may administer its network, as it does. For those of root they
/// may anyway; in a user namespace in which this thread is not root, a new program would have none
/// of its rights.
fn pass_on_rights() -> io::Result<()> {
    let admin = CapabilitySet::NET_ADMIN;
    let mut sets = capabilities(None)?;
    sets.inheritable |= admin;
    set_capabilities(None, sets)?;
    configure_capability_in_ambient_set(admin, true)?;
    Ok(())
}

fn tc(arguments: &[&str]) -> Result<String, NoNetem> {
    let output = Command::new("tc")
        .args(arguments)
        .env("PATH", with_folders_of_root(std::env::var_os("PATH").unwrap_or_default()))
        .stdin(Stdio::null())
        .output()
        .map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => NoNetem::NoTool,
            _ => NoNetem::Refused(format!("`tc` does not start: {e}")),
        })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(refusal(&String::from_utf8_lossy(&output.stderr)))
    }
}

/// `tc` is a tool of root's, and others may have these folders in no path of theirs.
fn with_folders_of_root(path: OsString) -> OsString {
    let folders = ["/usr/sbin".into(), "/sbin".into()];
    // An empty one would be the present folder, wherever that is.
    let known = std::env::split_paths(&path).filter(|folder| !folder.as_os_str().is_empty());
    std::env::join_paths(known.chain(folders)).unwrap_or(path)
}

/// Meaning of a message of `tc` when it fails.
fn refusal(said: &str) -> NoNetem {
    /// Messages of kernels since 4.14, and of those before, which have an error number (`ENOENT`)
    /// only.
    const UNKNOWN: [&str; 2] = ["qdisc kind is unknown", "No such file or directory"];
    match said {
        said if UNKNOWN.iter().any(|unknown| said.contains(unknown)) => NoNetem::NoKernel,
        said => {
            let lines: Vec<&str> = said.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
            NoNetem::Refused(match lines.as_slice() {
                [] => "`tc` fails without a word".to_owned(),
                lines => format!("`tc` says: {}", lines.join(" ")),
            })
        }
    }
}

/// Reads the counters of netem from `tc -s -j qdisc show`; `None` if it has none.
fn counted_in(json: &str) -> Option<Counted> {
    #[derive(Deserialize)]
    struct Qdisc {
        kind: String,
        packets: Option<u64>,
        bytes: Option<u64>,
        drops: Option<u64>,
    }
    let all: Vec<Qdisc> = serde_json::from_str(json).ok()?;
    let Qdisc { packets, bytes, drops, .. } = all.into_iter().find(|q| q.kind == "netem")?;
    let (packets, bytes, dropped) = (packets?, bytes?, drops?);
    Some(Counted { packets, bytes: bytes.saturating_sub(ETHERNET_HEADER * packets), dropped })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_hold_is_shorter_than_asked_for_nor_much_longer(hold_ns in 1_u64..5_000_000_000) {
            let us = delay_us(hold_ns);
            // What an old `tc` makes of it, and a new one.
            let ticks = (us as f64 * 15.625) as u64;
            prop_assert!(ticks * 64 >= hold_ns && us * 1_000 >= hold_ns);
            prop_assert!(us * 1_000 <= hold_ns + 1_064, "{} for {}", us, hold_ns);
        }
    }

    #[test]
    fn counters_are_those_of_netem_without_the_headers_of_a_device() {
        let told = r#"[{"kind":"netem","handle":"8001:","root":true,"refcnt":2,"options":{"limit":65536,"delay":{"delay":0.0075,"jitter":0,"correlation":0},"ecn":false,"gap":0},"bytes":1540,"packets":10,"drops":3,"overlimits":0,"requeues":0,"backlog":0,"qlen":0}]"#;
        let want = Counted { packets: 10, bytes: 1_400, dropped: 3 };
        assert_eq!(counted_in(told), Some(want));
        // Without `-s`, another discipline, none, and what no `tc` says.
        for other in [
            r#"[{"kind":"netem","handle":"8001:","root":true}]"#,
            r#"[{"kind":"pfifo","bytes":0,"packets":0,"drops":0}]"#,
            "[]",
            "qdisc netem 8001: root refcnt 2 limit 65536 delay 7.5ms",
            "",
        ] {
            assert_eq!(counted_in(other), None, "{other}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        for unknown in [
            "Error: Specified qdisc kind is unknown.\n",
            "RTNETLINK answers: No such file or directory\n",
        ] {
            assert_eq!(refusal(unknown), NoNetem::NoKernel);
        }
        let denied = refusal("RTNETLINK answers: Operation not permitted\n\n");
        assert_eq!(
            denied.with_way_out(),
            "this machine does not set up netem: `tc` says: RTNETLINK answers: Operation not \
             permitted: run as root, or ask for rtt_by = \"tun\""
        );
        assert_eq!(refusal(" \n"), NoNetem::Refused("`tc` fails without a word".to_owned()));
    }

    #[test]
    fn a_reason_is_a_sentence_with_a_way_out() {
        for no in [NoNetem::NoTool, NoNetem::NoKernel, NoNetem::Refused("no".to_owned())] {
            let text = no.with_way_out();
            assert!(text.contains("netem") && text.ends_with("ask for rtt_by = \"tun\""), "{text}");
            assert!(!text.contains('\n'));
        }
    }

    #[test]
    fn the_folders_of_root_come_last() {
        assert_eq!(with_folders_of_root("/bin:/opt".into()), "/bin:/opt:/usr/sbin:/sbin");
        assert_eq!(with_folders_of_root("".into()), "/usr/sbin:/sbin");
    }
}
