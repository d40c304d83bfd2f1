//! Tests with a cache.

use std::collections::HashMap;

use futures_util::future::{Either, join, join_all, select};

use super::*;

/// Long enough that all look-ups of a test have begun before the answer to the first.
const LONG: Duration = Duration::from_millis(300);

/// Number of look-ups by source.
fn sources(
    results: impl IntoIterator<Item = Result<Resolved, ResolveError>>,
) -> HashMap<Source, u64> {
    let mut count = HashMap::new();
    for result in results {
        let resolved = result.unwrap();
        assert_eq!(resolved.address, ADDRESS);
        *count.entry(resolved.source).or_default() += 1;
    }
    count
}

fn count<const N: usize>(pairs: [(Source, u64); N]) -> HashMap<Source, u64> {
    HashMap::from(pairs)
}

/// Goes on until the future has been polled, and was not ready.
async fn start<F: Future + Unpin>(future: F) -> F {
    match select(future, std::future::ready(())).await {
        Either::Left(_) => panic!("it ended at once"),
        Either::Right(((), future)) => future,
    }
}

#[test]
fn tasks_coalesce_and_later_lookups_hit() {
    let server = Running::start(zone(LONG));
    let resolver = server.resolver(true);
    runtime().block_on(async {
        let all = join_all((0..100).map(|_| resolver.resolve("a.test"))).await;
        assert_eq!(sources(all), count([(Source::Query, 1), (Source::Coalesced, 99)]));
        let all = join_all((0..100).map(|_| resolver.resolve("A.test."))).await;
        assert_eq!(sources(all), count([(Source::Hit, 100)]));
        let other = resolver.resolve("b.test").await.unwrap();
        assert_eq!(other.source, Source::Query);
    });
    assert_eq!(server.counts.get().queries, 2);
    let want = Lookups { queries: 2, hits: 100, coalesced: 99, ..Lookups::default() };
    assert_eq!(resolver.lookups(), want);
}

#[test]
fn threads_and_tasks_wait_for_each_other() {
    const EACH: usize = 10;
    let server = Running::start(zone(LONG));
    let resolver = &server.resolver(true);
    let (by_threads, by_tasks) = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..EACH).map(|_| scope.spawn(|| resolver.resolve_blocking("a.test"))).collect();
        let tasks = scope
            .spawn(|| runtime().block_on(join_all((0..EACH).map(|_| resolver.resolve("a.test")))));
        let threads: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        (threads, tasks.join().unwrap())
    });
    // A thread that starts late may find the answer there.
    let all = sources(by_threads.into_iter().chain(by_tasks));
    assert_eq!(all[&Source::Query], 1);
    assert_eq!(all.values().sum::<u64>(), 2 * EACH as u64);
    assert_eq!(server.counts.get().queries, 1);
}

#[test]
fn one_runtime_of_many_threads_serves_and_asks() {
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::bind(Ipv4Addr::LOCALHOST.into(), &zone(LONG)).unwrap();
        let (resolver, counts) = (Resolver::new(server.addr(), true, PATIENCE), server.counts());
        let timer = Timer::start().unwrap();
        let serving =
            tokio::spawn(async move { server.run(|rest| timer.sleep(rest), |_, _| ()).await });
        let lookups = (0..1_000).map(|nth| {
            let resolver = resolver.clone();
            let name = ["a.test", "b.test"][nth % 2];
            tokio::spawn(async move { resolver.resolve(name).await })
        });
        let all = join_all(lookups).await.into_iter().map(Result::unwrap);
        // A task that starts late may find the answer there.
        let all = sources(all);
        assert_eq!((all[&Source::Query], all.values().sum::<u64>()), (2, 1_000));
        assert_eq!(counts.get().queries, 2);
        serving.abort();
    });
}

#[test]
fn an_answer_is_kept_for_its_time() {
    // The wire has whole seconds: the fraction is rounded up.
    let zone = Zone { ttl: Duration::from_millis(200), ..zone(Duration::ZERO) };
    let server = Running::start(zone);
    let resolver = server.resolver(true);
    let start = Instant::now();
    assert_eq!(resolver.resolve_blocking("a.test").unwrap().source, Source::Query);
    let asked = Instant::now();
    let mut hits = 0;
    while resolver.resolve_blocking("a.test").unwrap().source == Source::Hit {
        hits += 1;
        assert!(asked.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(hits > 0);
    assert_eq!(resolver.lookups(), Lookups { queries: 2, hits, ..Lookups::default() });
    assert_eq!(server.counts.get().queries, 2);
}

#[test]
fn a_time_to_live_of_nothing_is_not_kept() {
    let server = Running::start(Zone { ttl: Duration::ZERO, ..zone(LONG) });
    let resolver = server.resolver(true);
    for _ in 0..3 {
        assert_eq!(resolver.resolve_blocking("a.test").unwrap().source, Source::Query);
    }
    // Those that come while one asks share its answer all the same.
    let all = runtime().block_on(join_all((0..10).map(|_| resolver.resolve("a.test"))));
    assert_eq!(sources(all), count([(Source::Query, 1), (Source::Coalesced, 9)]));
}

#[test]
fn a_failure_reaches_all_who_wait_and_is_not_kept() {
    let server = Running::start(zone(LONG));
    let resolver = server.resolver(true);
    let not_found = |result: &Result<Resolved, ResolveError>| matches!(result, Err(ResolveError::NotFound { name }) if name.as_str() == "no.test");
    let all = runtime().block_on(join_all((0..10).map(|_| resolver.resolve("no.test"))));
    assert!(all.iter().all(not_found), "{all:?}");
    assert!(not_found(&resolver.resolve_blocking("no.test")));
    assert_eq!(server.counts.get().nxdomain, 2);
    let want = Lookups { queries: 2, coalesced: 9, failed: 11, ..Lookups::default() };
    assert_eq!(resolver.lookups(), want);
}

#[test]
fn another_asks_when_the_first_is_given_up() {
    let server = Running::start(zone(Duration::from_millis(50)));
    let resolver = server.resolver(true);
    runtime().block_on(async {
        let first = start(Box::pin(resolver.resolve("a.test"))).await;
        let second = start(Box::pin(resolver.resolve("a.test"))).await;
        let third = start(Box::pin(resolver.resolve("a.test"))).await;
        drop(first);
        let (second, third) = join(second, third).await;
        let want = count([(Source::Query, 1), (Source::Coalesced, 1)]);
        assert_eq!(sources([second, third]), want);
    });
    assert_eq!(resolver.lookups(), Lookups { queries: 2, coalesced: 1, ..Lookups::default() });
    // All of them given up: the next one asks.
    runtime().block_on(async {
        let first = start(Box::pin(resolver.resolve("b.test"))).await;
        let second = start(Box::pin(resolver.resolve("b.test"))).await;
        drop((second, first));
        assert_eq!(resolver.resolve("b.test").await.unwrap().source, Source::Query);
    });
}

#[test]
fn a_thread_asks_when_a_task_is_given_up() {
    let server = Running::start(zone(Duration::from_millis(50)));
    let resolver = &server.resolver(true);
    let runtime = runtime();
    let first = runtime.block_on(start(Box::pin(resolver.resolve("a.test"))));
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| resolver.resolve_blocking("a.test").unwrap());
        // Whether it waits by now or comes later, it must ask.
        std::thread::sleep(Duration::from_millis(50));
        drop(first);
        assert_eq!(thread.join().unwrap(), Resolved { address: ADDRESS, source: Source::Query });
    });
    assert_eq!(resolver.lookups().queries, 2);
}

#[test]
fn nobody_waits_for_ever_for_one_that_does_not_go_on() {
    let server = Running::start(zone(Duration::ZERO));
    let resolver = &Resolver::new(server.addr, true, Duration::from_millis(100));
    let runtime = runtime();
    let first = runtime.block_on(start(Box::pin(resolver.resolve("a.test"))));
    // The first is alive and nobody polls it.
    let by_task = runtime.block_on(resolver.resolve("a.test"));
    let by_thread = resolver.resolve_blocking("a.test");
    for result in [by_task, by_thread] {
        assert!(matches!(result, Err(ResolveError::Timeout { .. })), "{result:?}");
    }
    assert_eq!(resolver.lookups().queries, 1);
    drop(first);
    // It asks now, whether or not the answer is in time.
    drop(resolver.resolve_blocking("a.test"));
    assert_eq!(resolver.lookups().queries, 2);
}
