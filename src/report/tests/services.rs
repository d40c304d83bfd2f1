//! Services that call a backend, and what failed requests do to what is said of them.

use super::*;
use crate::strategy::{Page, Service, Slots};

/// The row of the table of pages, where this many requests of each trial failed.
fn row(failed: u64) -> String {
    let page_of = Page { calls: 1, outbound: "async".to_owned(), slots: Slots::Any, work: None };
    let service = Service { page: Some(page_of), ..Service::named("app") };
    let asks = Strategy { service: Some(service), ..strategy("asks", "async-all", None) };
    let recorded = recording(experiment(vec![asks], 8), |_, _, row| {
        // What fails at once makes a trial short.
        row.wall_ns = row.wall_ns.map(|ns| if failed > 0 { ns / 3 } else { ns });
        row.errors = Some(failed);
        row.ok = row.issued.map(|issued| issued - failed);
        row.service_cpu_user_ns = Some(1_000_000);
        row.service_cpu_sys_ns = Some(0);
    });
    let page = page(&recorded);
    let part = page.split("busiest part").nth(1).expect("a table of pages");
    part.lines().find(|line| line.contains("`asks`")).expect("a row").to_owned()
}

#[test]
fn failed_requests_bring_no_service_nearer_to_its_ideal() {
    let whole = row(0);
    assert!(whole.contains('%'), "{whole}");
    let failed = row(50);
    assert!(!failed.contains('%'), "{failed}");
    assert!(failed.matches('–').count() > whole.matches('–').count() + 1, "{whole}\n{failed}");
}
