//! The connections of a trial from both sides: does the server know what the client knows?

use std::collections::HashMap;

use crate::protocol::{ConnectionCounts, ServerReport};

/// Connections of which the two sides do not say the same; `None` if a side does not list all of
/// its own. A client that notes no connection at all does not look at them.
///
/// A connection is known by the client's port. A port may come again once its connection is
/// closed, so the k-th on one side belongs to the k-th on the other. Two kinds are known to one
/// side only, for a reason:
///
/// - The server accepted a connection that carried no request, and the client gave it up or failed
///   before it was ready: as many as the client counts.
/// - The client had a connection ready that carried no request. The server's kernel had accepted
///   it; the server itself need not come to it before the trial ends.
pub(super) fn mismatched(client: &ConnectionCounts, server: &ServerReport) -> Option<u64> {
    let whole = |listed: usize, all: u64| listed as u64 == all;
    let blind = client.opened + client.given_up + client.failed == 0;
    if blind && server.connections > 0 {
        return None;
    }
    if !whole(client.ports.len(), client.opened)
        || !whole(server.accepted.len(), server.connections)
    {
        return None;
    }
    let mut by_port: HashMap<u16, Sides> = HashMap::new();
    for &(port, requests) in &client.ports {
        by_port.entry(port).or_default().client.push(requests);
    }
    for &(port, requests) in &server.accepted {
        by_port.entry(port).or_default().server.push(requests);
    }
    let (wrong, empty) = by_port
        .values()
        .map(Sides::compare)
        .fold((0, 0), |sum: (u64, u64), one| (sum.0 + one.0, sum.1 + one.1));
    Some(wrong + empty.saturating_sub(client.given_up + client.failed))
}

/// Requests of the connections of one port, in their order.
#[derive(Default)]
struct Sides {
    client: Vec<u32>,
    server: Vec<u32>,
}

impl Sides {
    /// Connections that are wrong, and those without a request that only the server knows.
    fn compare(&self) -> (u64, u64) {
        let mut surplus = self.server.len().saturating_sub(self.client.len());
        let (mut wrong, mut empty) = (0, 0);
        let mut ours = self.client.iter().copied().peekable();
        for &theirs in &self.server {
            match ours.peek() {
                // One more than the client knows, and it is not the one that the client means.
                Some(&own) if surplus > 0 && theirs == 0 && own > 0 => {
                    surplus -= 1;
                    empty += 1;
                }
                Some(&own) => {
                    wrong += u64::from(own != theirs);
                    ours.next();
                }
                None if theirs == 0 => empty += 1,
                None => wrong += 1,
            }
        }
        (wrong + ours.filter(|&own| own > 0).count() as u64, empty)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(ports: &[(u16, u32)], given_up: u64) -> ConnectionCounts {
        let (opened, ports) = (ports.len() as u64, ports.to_vec());
        ConnectionCounts { opened, given_up, ports, ..ConnectionCounts::default() }
    }

    fn server(accepted: &[(u16, u32)]) -> ServerReport {
        let (connections, accepted) = (accepted.len() as u64, accepted.to_vec());
        ServerReport { connections, accepted, ..ServerReport::default() }
    }

    fn between(ours: &[(u16, u32)], theirs: &[(u16, u32)]) -> u64 {
        mismatched(&client(ours, 0), &server(theirs)).expect("both sides list all")
    }

    #[test]
    fn a_connection_that_both_sides_know_the_same_of_is_no_mismatch() {
        assert_eq!(between(&[(1, 4), (2, 1)], &[(2, 1), (1, 4)]), 0);
        assert_eq!(between(&[(1, 4), (2, 1)], &[(1, 3), (2, 1)]), 1);
        assert_eq!(between(&[(1, 4), (2, 1)], &[(1, 1), (2, 4)]), 2);
    }

    #[test]
    fn a_connection_with_requests_that_one_side_does_not_know_is_a_mismatch() {
        assert_eq!(between(&[(1, 4)], &[]), 1);
        assert_eq!(between(&[(2, 1)], &[(1, 4), (2, 1)]), 1);
        assert_eq!(between(&[(1, 4)], &[(2, 4)]), 2);
    }

    #[test]
    fn a_port_may_come_again() {
        assert_eq!(between(&[(1, 4), (1, 2)], &[(1, 4), (1, 2)]), 0);
        assert_eq!(between(&[(1, 4), (1, 2)], &[(1, 2), (1, 4)]), 2);
        assert_eq!(between(&[(1, 4), (1, 2)], &[(1, 4)]), 1);
    }

    #[test]
    fn an_empty_connection_needs_a_reason_on_the_clients_side() {
        let theirs = server(&[(1, 4), (2, 0), (3, 0)]);
        assert_eq!(mismatched(&client(&[(1, 4)], 2), &theirs), Some(0));
        assert_eq!(mismatched(&client(&[(1, 4)], 1), &theirs), Some(1));
        // A failure is a reason too, and one that the client knows to be unused needs none.
        let failed = ConnectionCounts { failed: 1, ..client(&[(1, 4), (2, 0)], 0) };
        assert_eq!(mismatched(&failed, &theirs), Some(0));
        // Given up first, then the port came again for one that was used.
        assert_eq!(mismatched(&client(&[(1, 5)], 1), &server(&[(1, 0), (1, 5)])), Some(0));
        assert_eq!(mismatched(&client(&[(1, 5)], 0), &server(&[(1, 0), (1, 5)])), Some(1));
    }

    #[test]
    fn a_ready_connection_that_the_server_never_came_to_is_no_mismatch() {
        assert_eq!(between(&[(1, 4), (2, 0)], &[(1, 4)]), 0);
    }

    #[test]
    fn a_side_that_does_not_list_its_connections_says_nothing() {
        assert_eq!(mismatched(&client(&[], 0), &server(&[(1, 4)])), None);
        assert_eq!(mismatched(&client(&[], 0), &server(&[])), Some(0));
        let without_ports = ConnectionCounts { opened: 1, ..ConnectionCounts::default() };
        assert_eq!(mismatched(&without_ports, &server(&[(1, 4)])), None);
        let without_list = ServerReport { connections: 1, ..ServerReport::default() };
        assert_eq!(mismatched(&client(&[(1, 4)], 0), &without_list), None);
    }

    proptest! {
        /// Whatever ports come again: what the client gave up is in the server's list anywhere.
        #[test]
        fn the_same_connections_match_in_any_interleaving(
            ours in prop::collection::vec((1u16..6, 0u32..4), 0..30),
            given_up in prop::collection::vec((any::<prop::sample::Index>(), 1u16..6), 0..10),
        ) {
            let mut theirs = ours.clone();
            for (at, port) in &given_up {
                theirs.insert(at.index(theirs.len() + 1), (*port, 0));
            }
            let counts = client(&ours, given_up.len() as u64);
            prop_assert_eq!(mismatched(&counts, &server(&theirs)), Some(0));
            // Without the client's reason, each of them is one.
            let silent = client(&ours, 0);
            let surplus = (!ours.is_empty() || given_up.is_empty()).then_some(given_up.len());
            prop_assert_eq!(mismatched(&silent, &server(&theirs)), surplus.map(|n| n as u64));
        }

        /// One request more or less on a connection is always seen.
        #[test]
        fn a_wrong_count_is_seen(
            ours in prop::collection::vec(1u32..9, 1..30), at in any::<prop::sample::Index>(),
        ) {
            let ours: Vec<(u16, u32)> = (1..).zip(ours).collect();
            let mut theirs = ours.clone();
            theirs[at.index(ours.len())].1 += 1;
            prop_assert_eq!(between(&ours, &theirs), 1);
        }
    }
}
