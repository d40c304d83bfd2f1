//! The relay as a child of the harness: a document in, one when it is ready, one at the end.

use std::io::{BufRead, Write};
use std::os::fd::AsFd;

use super::documents::RelayConfig;
#[cfg(target_os = "linux")]
use crate::child::system;
use crate::child::{ChildError, answer, configuration};

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
pub fn run_child(mut input: impl BufRead + AsFd, mut output: impl Write) -> Result<(), ChildError> {
    let config: RelayConfig = configuration(&mut input)?;
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
            Err(why) => return answer(&mut output, &RelayAnswer::Unavailable(why)),
        };
        let ready = RelayAnswer::Ready(link.ready());
        let report = match link.holder {
            Holder::Relay { tun, hold_ns, no_netem } => {
                let relay = relay::Relay::new(&tun, hold_ns);
                answer(&mut output, &ready)?;
                Some(RelayReport { no_netem, ..relay.run(&mut input)? })
            }
            Holder::Netem { hold_ns } => {
                let probe = probe::Probe::new(hold_ns)?;
                answer(&mut output, &ready)?;
                Some(probe.run(&mut input)?)
            }
            Holder::Nobody => {
                answer(&mut output, &ready)?;
                // The network lasts as long as this process. An input that cannot be read has ended.
                let _ = std::io::copy(&mut input, &mut std::io::sink());
                None
            }
        };
        answer(&mut output, &report)
    }
    #[cfg(not(target_os = "linux"))]
    {
        drop(config);
        let why = "a network of a trial's own is a network namespace, which only Linux has";
        answer(&mut output, &super::RelayAnswer::Unavailable(why.to_owned()))
    }
}
