//! Bare reqwest: one client, a task for each request in flight, on one thread.

use std::sync::Arc;

use inflight_bare::Task;
use reqwest::Client;
use tokio::task::JoinSet;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task = Arc::new(Task::of_environment());
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "there is a provider")?;
    let client = Client::builder().no_proxy().build()?;
    let mut slots: JoinSet<Result<(), reqwest::Error>> = JoinSet::new();
    for _ in 0..task.limit {
        let (task, client) = (Arc::clone(&task), client.clone());
        slots.spawn(async move {
            while let Some(index) = task.next() {
                let answer = client.get(format!("{}/{index}", task.url)).send().await?;
                let mut answer = answer.error_for_status()?;
                while answer.chunk().await?.is_some() {}
            }
            Ok(())
        });
    }
    while let Some(slot) = slots.join_next().await {
        slot??;
    }
    Ok(())
}
