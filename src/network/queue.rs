//! Packets on their way, in memory that is set aside once.

use std::collections::VecDeque;

/// A queue of packets, each with the moment until which it is held. First in, first out: all are
/// held for the same time.
#[derive(Debug)]
pub(super) struct Queue {
    /// One slot for each packet. Those never used cost no memory: the system gives a page when it
    /// is first written.
    slots: Vec<u8>,
    slot_len: usize,
    /// Free slots. The last one freed is the first one taken, so that few packets use little
    /// memory, which is in the CPU's cache.
    free: Vec<u32>,
    held: VecDeque<Held>,
    peak: usize,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    due_ns: u64,
    slot: u32,
    len: u32,
}

impl Queue {
    /// A queue for this many packets of this many bytes at most.
    pub(super) fn new(capacity: u32, slot_len: usize) -> Queue {
        Queue {
            slots: vec![0; capacity as usize * slot_len],
            slot_len,
            free: (0..capacity).rev().collect(),
            held: VecDeque::with_capacity(capacity as usize),
            peak: 0,
        }
    }

    /// The memory for the next packet; none if the queue is full.
    pub(super) fn room(&mut self) -> Option<&mut [u8]> {
        let slot = *self.free.last()?;
        Some(self.bytes(slot, self.slot_len))
    }

    /// Holds the packet that was put in [`room`](Queue::room), of this length, until this moment.
    pub(super) fn hold(&mut self, len: usize, due_ns: u64) {
        debug_assert!(self.held.back().is_none_or(|last| last.due_ns <= due_ns), "time goes on");
        let slot = self.free.pop().expect("there was room");
        self.held.push_back(Held { due_ns, slot, len: len.min(self.slot_len) as u32 });
        self.peak = self.peak.max(self.held.len());
    }

    /// When the first packet is due.
    pub(super) fn next_due_ns(&self) -> Option<u64> {
        self.held.front().map(|held| held.due_ns)
    }

    /// The first packet, in which it may be changed; its slot is free from now on.
    pub(super) fn release(&mut self) -> Option<&mut [u8]> {
        let Held { slot, len, .. } = self.held.pop_front()?;
        self.free.push(slot);
        Some(self.bytes(slot, len as usize))
    }

    /// The most packets held at once.
    pub(super) fn peak(&self) -> usize {
        self.peak
    }

    fn bytes(&mut self, slot: u32, len: usize) -> &mut [u8] {
        let start = slot as usize * self.slot_len;
        &mut self.slots[start..start + len]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn put(queue: &mut Queue, packet: &[u8], due_ns: u64) -> bool {
        let Some(room) = queue.room() else { return false };
        room[..packet.len()].copy_from_slice(packet);
        queue.hold(packet.len(), due_ns);
        true
    }

    #[test]
    fn a_full_queue_has_no_room_until_one_is_released() {
        let mut queue = Queue::new(2, 4);
        assert!(put(&mut queue, b"ab", 1) && put(&mut queue, b"c", 2));
        assert!(!put(&mut queue, b"d", 3));
        assert_eq!(queue.next_due_ns(), Some(1));
        assert_eq!(queue.release().unwrap(), b"ab");
        assert!(put(&mut queue, b"defg", 3));
        assert_eq!(
            (queue.release().unwrap().to_vec(), queue.next_due_ns()),
            (b"c".into(), Some(3))
        );
        assert_eq!(queue.release().unwrap(), b"defg");
        assert_eq!(queue.release(), None);
        assert_eq!((queue.next_due_ns(), queue.peak()), (None, 2));
    }

    proptest! {
        /// Against the plainest queue that there is: a list of copies.
        #[test]
        fn packets_leave_whole_in_order_and_when_due(
            steps in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..8), 0..50_u64, 0..4_usize), 0..80,
            ),
        ) {
            let mut queue = Queue::new(6, 8);
            let mut model: VecDeque<(Vec<u8>, u64)> = VecDeque::new();
            let (mut now, mut peak) = (0, 0);
            for (packet, later, releases) in steps {
                now += later;
                let fits = model.len() < 6;
                prop_assert_eq!(put(&mut queue, &packet, now + 100), fits);
                if fits {
                    model.push_back((packet, now + 100));
                }
                peak = peak.max(model.len());
                for _ in 0..releases {
                    prop_assert_eq!(queue.next_due_ns(), model.front().map(|m| m.1));
                    let want = model.pop_front().map(|m| m.0);
                    prop_assert_eq!(queue.release().map(|p| p.to_vec()), want);
                }
            }
            prop_assert_eq!(queue.peak(), peak);
        }
    }
}
