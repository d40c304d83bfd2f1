//! Bare ureq: one agent, a thread for each request in flight.

use std::io::Read;

use inflight_bare::Task;
use ureq::Agent;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    let task = Task::of_environment();
    let idle = task.limit as usize;
    let config = Agent::config_builder()
        .proxy(None)
        .max_idle_connections(idle)
        .max_idle_connections_per_host(idle)
        .input_buffer_size(8 * 1024)
        .output_buffer_size(8 * 1024)
        .build();
    let agent = Agent::new_with_config(config);
    std::thread::scope(|scope| {
        let slot = || -> Result<(), Error> {
            let mut buffer = [0; 8 * 1024];
            while let Some(index) = task.next() {
                let answer = agent.get(format!("{}/{index}", task.url)).call()?;
                let mut body = answer.into_body().into_reader();
                while body.read(&mut buffer)? > 0 {}
            }
            Ok(())
        };
        let slots: Vec<_> = (0..task.limit).map(|_| scope.spawn(slot)).collect();
        let ended = slots.into_iter().map(|slot| slot.join().expect("a slot does not panic"));
        ended.collect::<Result<(), Error>>()
    })
}
