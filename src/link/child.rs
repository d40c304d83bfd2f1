//! The relay as a child of the harness: a document in, one when it is ready, one at the end.

use std::io::{Read, Write};
use std::os::fd::AsFd;

use serde::{Deserialize, Serialize};

use super::documents::RelayConfig;
use super::error::{LinkError, system};
use crate::protocol::VERSION;

/// Relays for the process that holds the other ends of `input` and `output`.
///
/// Reads a [`RelayConfig`] line, writes a [`RelayAnswer`](super::RelayAnswer) line, relays until
/// `input` ends, writes a line with a [`RelayReport`](super::RelayReport), or `null` if it had nothing
/// to relay. Whatever else `input` says is
/// ignored. Moves the thread that calls into a new network namespace, for good.
///
/// # Errors
///
/// If the first line is no configuration of this version, or if the system refuses what it
/// allowed before. A machine that allows no link is not an error but an answer.
pub fn run_child(mut input: impl Read + AsFd, mut output: impl Write) -> Result<(), LinkError> {
    let config = parse(&first_line(&mut input)?)?;
    #[cfg(target_os = "linux")]
    {
        use super::documents::{RelayAnswer, RelayReport};
        use super::namespace::Holder;
        use super::{namespace, probe, relay};
        use crate::machine::process;

        process::pin(&config.cpus).map_err(system(format!("run on CPUs {:?}", config.cpus)))?;
        process::set_exact_timers().map_err(system("make timers exact"))?;
        if config.rtt_ns.is_some() {
            // A network waits for no CPU. Where it is not allowed, the errors of the holds will tell.
            process::go_first();
        }
        let link = match namespace::make(config.hold_ns(), config.rtt_by, config.ports) {
            Ok(link) => link,
            Err(why) => return write_line(&mut output, &RelayAnswer::Unavailable(why)),
        };
        let ready = RelayAnswer::Ready(link.ready());
        let report = match link.holder {
            Holder::Relay { tun, hold_ns, no_netem } => {
                let relay = relay::Relay::new(&tun, hold_ns);
                write_line(&mut output, &ready)?;
                Some(RelayReport { no_netem, ..relay.run(&mut input)? })
            }
            Holder::Netem { hold_ns } => {
                let probe = probe::Probe::new(hold_ns)?;
                write_line(&mut output, &ready)?;
                Some(probe.run(&mut input)?)
            }
            Holder::Nobody => {
                write_line(&mut output, &ready)?;
                // The network lasts as long as this process. An input that cannot be read has ended.
                let _ = std::io::copy(&mut input, &mut std::io::sink());
                None
            }
        };
        write_line(&mut output, &report)
    }
    #[cfg(not(target_os = "linux"))]
    {
        drop(config);
        let why = "a network of a trial's own is a network namespace, which only Linux has";
        write_line(&mut output, &super::RelayAnswer::Unavailable(why.to_owned()))
    }
}

/// Byte by byte: what follows the line stays where a wait for the input's end sees it.
fn first_line(input: &mut impl Read) -> Result<String, LinkError> {
    let mut line = Vec::new();
    let mut byte = [0];
    while byte[0] != b'\n' && input.read(&mut byte).map_err(system("read the configuration"))? > 0 {
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// The version comes first: another one may have other fields, and the error should not be about
/// those.
fn parse(line: &str) -> Result<RelayConfig, LinkError> {
    #[derive(Deserialize)]
    struct AnyVersion {
        protocol: u32,
    }
    let AnyVersion { protocol } = serde_json::from_str(line).map_err(LinkError::Config)?;
    if protocol != VERSION {
        return Err(LinkError::Version { theirs: protocol });
    }
    serde_json::from_str(line).map_err(LinkError::Config)
}

fn write_line(output: &mut impl Write, document: &impl Serialize) -> Result<(), LinkError> {
    let mut line = serde_json::to_vec(document).expect("plain numbers and text");
    line.push(b'\n');
    output.write_all(&line).and_then(|()| output.flush()).map_err(system("write to the harness"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        parse(line).map_or_else(|e| e.to_string(), |config| format!("{config:?}"))
    }

    #[test]
    fn another_version_is_told_before_another_form() {
        assert!(told("{\"protocol\":99,\"news\":1}").contains("speaks version 99"));
        let unknown = format!("{{\"protocol\":{VERSION},\"news\":1}}");
        assert!(told(&unknown).contains("unknown field `news`"), "{}", told(&unknown));
        assert!(told("").contains("not a relay configuration"));
    }

    #[test]
    fn a_line_ends_where_it_ends() {
        let mut input: &[u8] = b"{}\nmore";
        assert_eq!(first_line(&mut input).unwrap(), "{}\n");
        assert_eq!(input, b"more");
    }
}
