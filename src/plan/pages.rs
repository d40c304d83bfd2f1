//! Times of requests that a service answers with calls of its backend.

use std::num::NonZeroU32;

use crate::spec::Scenario;
use crate::strategy::{Page, Settings, Strategy};

/// Pages of a cell.
pub(super) struct Pages {
    /// Time of each page without overhead, in request order.
    pub(super) times_ns: Vec<u64>,
    /// Pages that are served at once; `None` if nothing limits them.
    pub(super) slots: Option<NonZeroU32>,
}

/// Pages of the service that a strategy asks; `None` if it declares none.
pub(super) fn of(strategy: &Strategy, scenario: &Scenario) -> Option<Pages> {
    let page = strategy.service.as_ref()?.page.as_ref()?;
    let none = Settings::default();
    let settings = strategy.service_settings.as_ref().unwrap_or(&none);
    let calls_ns = if page.calls == 0 { Vec::new() } else { backend(scenario, page).delays_ns() };
    let times_ns = page.times_ns(settings, scenario.requests, &calls_ns, scenario.time_scale)?;
    Some(Pages { times_ns, slots: page.slots(settings) })
}

/// The scenario of a backend: all calls of all pages, with the delays of this one.
pub(crate) fn backend(scenario: &Scenario, page: &Page) -> Scenario {
    Scenario { requests: scenario.requests.saturating_mul(page.calls), ..scenario.clone() }
}
