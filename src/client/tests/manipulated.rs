//! Strategies that do not do what their name says, as they are written by mistake: run like any
//! other, and found out by the checks of the record.

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::*;
use crate::plan::{Only, Plan};
use crate::record::TrialRow;
use crate::record::synthetic::experiment;
use crate::strategy::library::{Answer, Library};
use crate::strategy::work::AsyncWork;
use crate::strategy::{ByName, Model};
use crate::validity::{CHECKS, MeasuredTrial};

const REQUESTS: u32 = 12;
const DELAY_MS: u64 = 60;
/// Long beside everything else that a request does, even while other tests run: a cap is known by
/// the mean in flight, which is to be near the peak.
const LONG_MS: u64 = 250;

/// Findings of the checks, one line each.
fn found(strategy: Strategy) -> Vec<String> {
    found_of(scenario(REQUESTS, fixed_ms(DELAY_MS)), strategy)
}

/// Findings of the checks with delays that are long.
fn found_slowly(strategy: Strategy) -> Vec<String> {
    found_of(scenario(REQUESTS, fixed_ms(LONG_MS)), strategy)
}

/// Findings of the checks in another scenario. Lateness is not asked about, as other tests are
/// running.
pub(super) fn found_of(scenario: Scenario, strategy: Strategy) -> Vec<String> {
    let serving = Serving::with(ServerConfig::of(&scenario).for_strategy(&strategy));
    let ready = serving.ready.clone();
    let client = run(&ClientConfig::of(&scenario, &strategy, &ready)).expect("a report");
    let server = serving.stop();
    let mut experiment = experiment(vec![strategy], 1);
    experiment.scenarios = vec![scenario];
    let plan = Plan::new(experiment, &Only::default()).expect("a plan");
    let mut row = TrialRow::planned(&plan, &plan.trials[0], 1);
    row.set_both(&client, &server, &plan.cells[0].strategy);
    // What this process used is the CPU time of other tests: a strategy is not busy for that.
    (row.client_cpu_user_ns, row.client_cpu_sys_ns) = (Some(0), Some(0));
    let trial = MeasuredTrial::new(&plan, 0, &row);
    let asked = CHECKS.iter().filter(|check| !check.by_machine);
    asked.filter_map(|check| check.failure(&trial)).collect()
}

/// `async-semaphore` over reqwest at this limit, with something else inside.
fn posing(limit: u32, model: impl Fn(&mut Model), library: impl Fn(&mut Library)) -> Strategy {
    let mut strategy = strategy("async-semaphore", "reqwest", Reuse::Session, limit);
    let honest = strategy.model.known().expect("a model");
    let mut posing = Model { ..*honest };
    model(&mut posing);
    strategy.model = ByName::Known(Box::leak(Box::new(posing)));
    let honest = strategy.library.known().expect("a library");
    let mut posing = Library { ..*honest };
    library(&mut posing);
    strategy.library = ByName::Known(Box::leak(Box::new(posing)));
    strategy
}

fn reqwest(settings: &Settings) -> Result<Box<dyn AsyncClient>, Failure> {
    match library::named("reqwest").expect("a library").connect {
        Connect::Async(connect) => connect(settings),
        Connect::Blocking(_) => panic!("reqwest is async"),
    }
}

#[test]
fn an_honest_strategy_is_not_accused() {
    assert_eq!(found(posing(6, |_| (), |_| ())), [""; 0]);
}

/// `for request in requests: await fetch(request)`
#[test]
fn an_await_in_a_loop_is_found() {
    fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            for index in work.indices() {
                work.take(index).send().await;
            }
        })
    }
    let found = found_slowly(posing(6, |model| model.issue = Issue::Async(issue), |_| ()));
    let reason = "never more than 1 requests in flight instead of 6: something caps them";
    assert_eq!(found, [reason]);
}

/// `for request in requests: fetch(request)`, of which nothing comes.
#[test]
fn a_forgotten_await_is_found() {
    fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            for index in work.indices() {
                drop(work.take(index).send());
            }
        })
    }
    let found = found(posing(6, |model| model.issue = Issue::Async(issue), |_| ()));
    assert!(found.contains(&"0 of 12 requests were issued".to_owned()), "{found:?}");
}

/// `semaphore = Semaphore(6)` inside the function that it is to limit.
#[test]
fn a_limit_without_effect_is_found() {
    fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let one = |index| {
                let (semaphore, request) = (Semaphore::new(6), work.take(index));
                tokio::spawn(async move {
                    let permit = semaphore.acquire().await.expect("it is never closed");
                    request.send().await;
                    drop(permit);
                })
            };
            let tasks: Vec<_> = work.indices().map(one).collect();
            for task in tasks {
                task.await.expect("no panic");
            }
        })
    }
    let found = found_slowly(posing(6, |model| model.issue = Issue::Async(issue), |_| ()));
    let reason = "12 requests were in flight, 6 are allowed";
    assert!(found.contains(&reason.to_owned()), "{found:?}");
}

/// A pool of two connections behind a limit of six, as `HTTPAdapter(pool_maxsize=2, pool_block=True)`.
#[test]
fn a_pool_capped_below_the_limit_is_found() {
    struct Capped {
        pool: Semaphore,
        inner: Box<dyn AsyncClient>,
    }
    impl AsyncClient for Capped {
        fn fetch<'a>(
            &'a self,
            index: u32,
            answer: &'a mut dyn Answer,
        ) -> BoxFuture<'a, Result<(), Failure>> {
            Box::pin(async move {
                let _connection = self.pool.acquire().await.expect("it is never closed");
                self.inner.fetch(index, answer).await
            })
        }
    }
    fn connect(settings: &Settings) -> Result<Box<dyn AsyncClient>, Failure> {
        Ok(Box::new(Capped { pool: Semaphore::new(2), inner: reqwest(settings)? }))
    }
    let capped = posing(6, |_| (), |library| library.connect = Connect::Async(connect));
    let found = found_slowly(capped);
    let reason = "never more than 2 requests in flight instead of 6: something caps them";
    assert_eq!(found, [reason]);
}

/// `async with ClientSession() as session` inside the loop.
#[test]
fn a_session_for_each_request_is_found() {
    struct Fresh(Settings);
    impl AsyncClient for Fresh {
        fn fetch<'a>(
            &'a self,
            index: u32,
            answer: &'a mut dyn Answer,
        ) -> BoxFuture<'a, Result<(), Failure>> {
            Box::pin(async move { reqwest(&self.0)?.fetch(index, answer).await })
        }
    }
    fn connect(settings: &Settings) -> Result<Box<dyn AsyncClient>, Failure> {
        Ok(Box::new(Fresh(settings.clone())))
    }
    let found = found(posing(2, |_| (), |library| library.connect = Connect::Async(connect)));
    assert_eq!(found, ["12 connections were opened instead of 1 to 4"]);
}

#[test]
fn connections_that_are_kept_in_secret_are_found() {
    fn connect(settings: &Settings) -> Result<Box<dyn AsyncClient>, Failure> {
        reqwest(&Settings { reuse: Reuse::Session, ..settings.clone() })
    }
    let mut keeping = posing(2, |_| (), |library| library.connect = Connect::Async(connect));
    keeping.reuse = Reuse::None;
    let found = found(keeping);
    let reused = |reason: &String| {
        reason.starts_with("a connection carried ") && reason.ends_with(" requests instead of 1")
    };
    assert!(found.iter().any(reused), "{found:?}");
}
