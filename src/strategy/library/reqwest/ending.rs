//! End of a request on the hidden thread of `reqwest::blocking`.
//!
//! The blocking client hands over a body of more than 8 kB from the caller's thread. If the request fails
//! meanwhile, it says that nobody takes the body any more, and drops the error itself. But each request
//! is made by a task of its own, which also opens the connection that it needs. The value of one of
//! its headers lives as long as the request; as it is dropped, it sees which task that was, and
//! whether that task could not open a connection just before.

use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use tokio::task;

use crate::strategy::failure::Failure;
use crate::strategy::probe::lock;

/// The hidden thread drops a request in the same step as its body. Only where a table of HTTP/2 keeps
/// the header, which then was written, does it not.
const SOON: Duration = Duration::from_millis(50);

thread_local! {
    /// The last task of this thread that could not open a connection, and why.
    static UNOPENED: RefCell<Option<(task::Id, Failure)>> = const { RefCell::new(None) };
}

/// The running task could not open a connection.
pub(super) fn unopened(why: &Failure) {
    if let Some(task) = task::try_id() {
        UNOPENED.set(Some((task, why.clone())));
    }
}

/// The end of one request.
#[derive(Debug, Clone, Default)]
pub(in crate::strategy::library) struct Ending(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    ended: Mutex<Option<Ended>>,
    is_told: Condvar,
}

/// The request has ended; why its connection could not be opened, if that was so.
#[derive(Debug, Clone)]
struct Ended(Option<Failure>);

impl Ending {
    /// The value of the request's `Accept` header: what reqwest sends anyway.
    pub(in crate::strategy::library) fn accept(&self) -> HeaderValue {
        let value = Bytes::from_owner(Accept(Arc::clone(&self.0)));
        HeaderValue::from_maybe_shared(value).expect("visible characters")
    }

    /// Why the connection could not be opened that the request had begun, which has just ended;
    /// nothing, if it did not end for that.
    pub(in crate::strategy::library) fn unopened(&self) -> Option<Failure> {
        let ended = lock(&self.0.ended);
        let waited = self.0.is_told.wait_timeout_while(ended, SOON, |ended| ended.is_none());
        let (ended, _) = waited.unwrap_or_else(PoisonError::into_inner);
        ended.as_ref()?.0.clone()
    }
}

/// Any type is welcome; dropped with the last copy of its request.
struct Accept(Arc<Told>);

impl AsRef<[u8]> for Accept {
    fn as_ref(&self) -> &[u8] {
        b"*/*"
    }
}

impl Drop for Accept {
    fn drop(&mut self) {
        let this = task::try_id();
        let why = UNOPENED.with_borrow(|last| {
            let of_this = last.as_ref().filter(|(task, _)| Some(*task) == this);
            of_this.map(|(_, why)| why.clone())
        });
        *lock(&self.0.ended) = Some(Ended(why));
        self.0.is_told.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::failure::Class;

    /// Makes a request in a task that could open its connection or not, after another one that could not.
    fn ended(opened: bool) -> Option<Class> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let ending = Ending::default();
        let value = ending.accept();
        assert_eq!(value, "*/*");
        runtime.block_on(async {
            task::spawn(async { unopened(&Failure::new(Class::Dns, "another's")) })
                .await
                .expect("no panic");
            let making = task::spawn(async move {
                let copy = value.clone();
                drop(value);
                if !opened {
                    unopened(&Failure::new(Class::Emfile, "no file"));
                }
                drop(copy);
            });
            making.await.expect("no panic");
        });
        ending.unopened().map(|why| why.class)
    }

    #[test]
    fn a_request_ends_for_the_connection_of_its_own_task() {
        assert_eq!(ended(false), Some(Class::Emfile));
        assert_eq!(ended(true), None);
    }
}
