//! Queue of waiting tasks by deadline.

use std::collections::BTreeMap;
use std::task::Waker;

use super::Moment;

/// A place in the queue: the deadline, and a number that tells equal deadlines apart, in order of
/// arrival.
pub(super) type Place = (Moment, u64);

/// Waiting tasks in order of their deadlines.
///
/// A tree and not a binary heap: a sleeper that gives up leaves at once, in logarithmic time,
/// rather than staying as a dead entry until a deadline that may be a day away.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<Place, Waker>,
    arrivals: u64,
    /// The deadline that the kernel was asked for and that was not yet handled.
    armed: Option<Moment>,
}

impl Queue {
    /// Waits for `deadline`. Returns its place, and the deadline that the kernel must now be asked
    /// for, where that is another than before.
    pub(super) fn join(&mut self, deadline: Moment, waker: Waker) -> (Place, Option<Moment>) {
        let place = (deadline, self.arrivals);
        self.arrivals += 1;
        self.waiting.insert(place, waker);
        // An armed deadline that no one waits for any more stays: one idle wake is cheaper than
        // asking the kernel at every departure.
        let arm = self.armed.is_none_or(|armed| deadline < armed);
        if arm {
            self.armed = Some(deadline);
        }
        (place, arm.then_some(deadline))
    }

    /// Wakes `waker` in future. Returns the one that it replaces, to be dropped without the lock.
    pub(super) fn replace(&mut self, place: Place, waker: &Waker) -> Option<Waker> {
        match self.waiting.get_mut(&place) {
            Some(old) if !old.will_wake(waker) => Some(std::mem::replace(old, waker.clone())),
            _ => None,
        }
    }

    /// Waits no more. Returns the waker, to be dropped without the lock.
    pub(super) fn leave(&mut self, place: Place) -> Option<Waker> {
        self.waiting.remove(&place)
    }

    /// Moves everyone whose deadline has come to `due`, earliest first. Returns the deadline that
    /// the kernel must now be asked for, if anyone is left: even if it is the one asked for before,
    /// since the wake that led here has used that up.
    pub(super) fn expire(&mut self, now: Moment, due: &mut Vec<Waker>) -> Option<Moment> {
        while let Some(first) = self.waiting.first_entry().filter(|e| e.key().0 <= now) {
            due.push(first.remove());
        }
        self.armed = self.waiting.first_key_value().map(|(place, _)| place.0);
        self.armed
    }

    /// Number of waiting tasks.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    use proptest::prelude::*;

    use super::*;

    struct Named(u64, Arc<Mutex<Vec<u64>>>);

    impl Wake for Named {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    #[test]
    fn the_kernel_is_asked_only_for_an_earlier_deadline() {
        let mut queue = Queue::default();
        let mut due = Vec::new();
        let join = |queue: &mut Queue, at| queue.join(Moment::at_ns(at), Waker::noop().clone()).1;
        assert_eq!(join(&mut queue, 50), Some(Moment::at_ns(50)));
        assert_eq!(join(&mut queue, 60), None);
        assert_eq!(join(&mut queue, 50), None);
        assert_eq!(join(&mut queue, 40), Some(Moment::at_ns(40)));
        assert_eq!(queue.expire(Moment::at_ns(39), &mut due), Some(Moment::at_ns(40)));
        assert_eq!(queue.expire(Moment::at_ns(50), &mut due), Some(Moment::at_ns(60)));
        assert_eq!(due.len(), 3);
        assert_eq!(queue.expire(Moment::at_ns(60), &mut due), None);
        assert_eq!(join(&mut queue, 70), Some(Moment::at_ns(70)));
    }

    #[test]
    fn a_waker_can_be_replaced() {
        struct Count(AtomicUsize);
        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let mut queue = Queue::default();
        let (place, _) = queue.join(Moment::at_ns(1), Waker::noop().clone());
        let waker = Waker::from(count.clone());
        assert!(queue.replace(place, &waker).is_some());
        assert!(queue.replace(place, &waker).is_none());
        let mut due = Vec::new();
        queue.expire(Moment::at_ns(1), &mut due);
        due.into_iter().for_each(Waker::wake);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(queue.leave(place).is_none());
    }

    proptest! {
        /// Whoever has not left wakes once, in order of deadlines, never before its own.
        #[test]
        fn all_wake_in_order(
            sleepers in prop::collection::vec((1u64..50, any::<bool>()), 0..60),
            step in 1u64..20,
        ) {
            let woken = Arc::new(Mutex::new(Vec::new()));
            let mut queue = Queue::default();
            let mut armed = None;
            let mut places = Vec::new();
            for (name, (deadline, _)) in sleepers.iter().enumerate() {
                let waker = Waker::from(Arc::new(Named(name as u64, woken.clone())));
                let (place, arm) = queue.join(Moment::at_ns(*deadline), waker);
                armed = arm.or(armed);
                places.push(place);
            }
            for (place, (_, leaves)) in places.iter().zip(&sleepers) {
                if *leaves {
                    prop_assert!(queue.leave(*place).is_some());
                }
            }
            let mut now = 0;
            while queue.len() > 0 {
                // Whoever waits, the kernel was asked for a deadline no later than the earliest.
                prop_assert!(armed.is_some_and(|armed| armed <= queue.waiting.keys().next().unwrap().0));
                now += step;
                let before = woken.lock().unwrap().len();
                let mut due = Vec::new();
                armed = queue.expire(Moment::at_ns(now), &mut due);
                due.into_iter().for_each(Waker::wake);
                for name in &woken.lock().unwrap()[before..] {
                    let deadline = sleepers[*name as usize].0;
                    prop_assert!(deadline <= now && deadline + step > now);
                }
            }
            let mut want: Vec<(u64, u64)> = sleepers.iter().enumerate()
                .filter(|(_, (_, leaves))| !leaves)
                .map(|(name, (deadline, _))| (*deadline, name as u64))
                .collect();
            want.sort_unstable();
            let want: Vec<u64> = want.into_iter().map(|(_, name)| name).collect();
            prop_assert_eq!(&*woken.lock().unwrap(), &want);
        }
    }
}
