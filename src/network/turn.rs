//! Turning a packet round: what was for the far side comes back as if from there.

use std::net::Ipv4Addr;

/// Bytes of an IPv4 header without options.
const HEADER: usize = 20;
/// Where the two addresses of an IPv4 header are.
const SOURCE: usize = 12;
const DESTINATION: usize = 16;
/// Bytes of an ICMP header; in an error message, the header of the packet at fault follows.
const ICMP_HEADER: usize = 8;

/// Exchanges source and destination of an IPv4 packet that goes from `near` to `far`. Any other
/// packet stays as it is; then the answer is `false`.
///
/// Checksums stay right: those of IPv4, ICMP, TCP and UDP are sums of 16-bit words, addresses
/// included, and the addresses are whole words: a sum does not change with the order.
pub(super) fn turn_round(packet: &mut [u8], near: Ipv4Addr, far: Ipv4Addr) -> bool {
    let Some(header) = header_len(packet) else { return false };
    if packet[SOURCE..DESTINATION] != near.octets() || packet[DESTINATION..HEADER] != far.octets() {
        return false;
    }
    exchange(packet);
    if is_icmp_error(packet, header) {
        // It quotes a packet that its receiver has sent: to the far side, as it knows it.
        let quoted = &mut packet[header + ICMP_HEADER..];
        if header_len(quoted).is_some() {
            exchange(quoted);
        }
    }
    true
}

/// The length of an IPv4 header that is there in full.
fn header_len(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let len = usize::from(first & 0x0f) * 4;
    (first >> 4 == 4 && len >= HEADER && packet.len() >= len).then_some(len)
}

fn exchange(packet: &mut [u8]) {
    let (to_source, from_destination) = packet.split_at_mut(DESTINATION);
    to_source[SOURCE..].swap_with_slice(&mut from_destination[..HEADER - DESTINATION]);
}

fn is_icmp_error(packet: &[u8], header: usize) -> bool {
    const ICMP: u8 = 1;
    // Unreachable, source quench, redirect, time exceeded, parameter problem.
    const ERRORS: [u8; 5] = [3, 4, 5, 11, 12];
    let fragment_offset = u16::from_be_bytes([packet[6], packet[7]]) & 0x1fff;
    packet[9] == ICMP
        && fragment_offset == 0
        && packet.len() >= header + ICMP_HEADER
        && ERRORS.contains(&packet[header])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{FAR, NEAR};
    use super::*;

    const ICMP: u8 = 1;
    const TCP: u8 = 6;
    const UDP: u8 = 17;

    /// The Internet checksum: the complement of the one's complement sum. Of what holds a right
    /// one, it is 0.
    fn checksum(parts: &[&[u8]]) -> u16 {
        let mut sum = 0_u32;
        for part in parts {
            for pair in part.chunks(2) {
                sum += u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
            }
        }
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }

    /// Checksums of the header, and of what it carries.
    fn checksums(packet: &[u8]) -> (u16, u16) {
        let (header, carried) = packet.split_at(usize::from(packet[0] & 0x0f) * 4);
        let pseudo =
            [&header[SOURCE..HEADER], &[0, header[9]], &(carried.len() as u16).to_be_bytes()];
        let pseudo = if header[9] == ICMP { Vec::new() } else { pseudo.concat() };
        (checksum(&[header]), checksum(&[&pseudo, carried]))
    }

    fn packet(
        protocol: u8,
        from: Ipv4Addr,
        to: Ipv4Addr,
        options: &[u8],
        carried: &[u8],
    ) -> Vec<u8> {
        let mut packet = vec![0; HEADER];
        packet[0] = 0x45 + (options.len() / 4) as u8;
        packet[8] = 64;
        packet[9] = protocol;
        packet[SOURCE..DESTINATION].copy_from_slice(&from.octets());
        packet[DESTINATION..HEADER].copy_from_slice(&to.octets());
        packet.extend(options);
        let header = packet.len();
        packet.extend(carried);
        let total = packet.len() as u16;
        packet[2..4].copy_from_slice(&total.to_be_bytes());
        let at = match protocol {
            TCP => 16,
            UDP => 6,
            _ => 2,
        };
        packet[header + at..header + at + 2].fill(0);
        let (_, sum) = checksums(&packet);
        packet[header + at..header + at + 2].copy_from_slice(&sum.to_be_bytes());
        let (sum, _) = checksums(&packet);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet
    }

    fn words(most: usize) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<[u8; 4]>(), 0..most).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn a_packet_comes_back_from_where_it_went_with_right_checksums(
            protocol in prop::sample::select(vec![TCP, UDP]),
            options in words(10),
            carried in prop::collection::vec(any::<u8>(), 20..600),
        ) {
            let mut turned = packet(protocol, NEAR, FAR, &options, &carried);
            let original = turned.clone();
            prop_assert_eq!(checksums(&original), (0, 0));
            prop_assert!(turn_round(&mut turned, NEAR, FAR));
            prop_assert_eq!(checksums(&turned), (0, 0));
            prop_assert_eq!(&turned[SOURCE..DESTINATION], &FAR.octets());
            prop_assert_eq!(&turned[DESTINATION..HEADER], &NEAR.octets());
            prop_assert_eq!(&turned[..SOURCE], &original[..SOURCE]);
            prop_assert_eq!(&turned[HEADER..], &original[HEADER..]);
            prop_assert!(turn_round(&mut turned, FAR, NEAR));
            prop_assert_eq!(turned, original);
        }

        /// A server says that nobody listens on a port: the client must know its own packet.
        #[test]
        fn an_error_quotes_the_packet_as_its_sender_knows_it(
            kind in prop::sample::select(vec![3_u8, 11, 12]),
            carried in prop::collection::vec(any::<u8>(), 8..40),
        ) {
            let sent = packet(UDP, NEAR, FAR, &[], &carried);
            let mut received = sent.clone();
            prop_assert!(turn_round(&mut received, NEAR, FAR));
            let error = [&[kind, 3, 0, 0, 0, 0, 0, 0], received.as_slice()].concat();
            let mut error = packet(ICMP, NEAR, FAR, &[], &error);
            prop_assert!(turn_round(&mut error, NEAR, FAR));
            prop_assert_eq!(checksums(&error), (0, 0));
            prop_assert_eq!(&error[HEADER + ICMP_HEADER..], sent.as_slice());
        }

        #[test]
        fn whatever_comes_is_turned_or_left_alone(
            mut bytes in prop::collection::vec(any::<u8>(), 0..120), first in 0x40..=0x4f_u8,
            addressed: bool,
        ) {
            if let Some(byte) = bytes.first_mut() {
                *byte = first;
            }
            if addressed && bytes.len() >= HEADER {
                bytes[SOURCE..DESTINATION].copy_from_slice(&NEAR.octets());
                bytes[DESTINATION..HEADER].copy_from_slice(&FAR.octets());
            }
            let before = bytes.clone();
            let turned = turn_round(&mut bytes, NEAR, FAR);
            prop_assert!(turned || bytes == before);
            prop_assert_eq!(turned, addressed && header_len(&before).is_some());
        }
    }

    #[test]
    fn packets_of_others_are_left_alone() {
        let others = [(FAR, NEAR), (NEAR, NEAR), (NEAR, Ipv4Addr::new(224, 0, 0, 22))];
        for (from, to) in others {
            let mut packet = packet(UDP, from, to, &[], &[1; 8]);
            assert!(!turn_round(&mut packet, NEAR, FAR), "{from} to {to}");
        }
        assert!(!turn_round(&mut [0x60; 48], NEAR, FAR), "IPv6");
    }
}
