//! The threads that make the calls: each has a part of them, its own runtime and its own connections, and shares nothing that
//! is waited for.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use reqwest::{Url, header::HeaderValue};
use tokio::{runtime, task::JoinSet, time::Instant};

use super::{
    SimulateError,
    call::{Call, Outcome, Run, Settings},
    client::Client,
    measures::Measures,
    pace::Pace,
    progress::Progress,
    stop::Stop,
    transport::Endpoint,
};

/// What all threads have in common.
pub struct Crew {
    /// What was asked for.
    pub settings: Settings,
    /// Where the service is.
    pub url: Url,
    /// What shows it the key, if there is one.
    pub authorization: Option<HeaderValue>,
    /// Where its WebSockets are.
    pub endpoint: Endpoint,
    /// How far all calls have come.
    pub progress: Arc<Progress>,
    /// Whether to stop.
    pub stop: Arc<Stop>,
    /// Over how much of their time the calls begin.
    pub ramp: Duration,
    /// When the run began.
    pub begun: Instant,
}

/// What came of calls.
#[derive(Default)]
pub struct Made {
    /// What became of each.
    pub outcomes: Vec<Outcome>,
    /// What was measured.
    pub measures: Measures,
}

impl Crew {
    /// Makes the calls on so many threads.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn make(&self, calls: Vec<Call>, threads: usize) -> Result<Made, SimulateError> {
        let total = calls.len();
        let mut parts: Vec<Vec<Call>> = std::iter::repeat_with(Vec::new).take(threads.clamp(1, total.max(1))).collect();
        let count = parts.len();
        for (index, call) in calls.into_iter().enumerate() {
            parts[index % count].push(call);
        }
        let mut all = Made::default();
        thread::scope(|scope| {
            let working: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || self.work(part, total))).collect();
            for thread in working {
                // A thread that panicked has said so; its calls are missing in the report.
                if let Ok(made) = thread.join() {
                    let made = made?;
                    all.outcomes.extend(made.outcomes);
                    all.measures.add(&made.measures);
                }
            }
            Ok(())
        })?;
        Ok(all)
    }

    fn work(&self, calls: Vec<Call>, total: usize) -> Result<Made, SimulateError> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(SimulateError::Runtime)?;
        runtime.block_on(async {
            let run = Arc::new(Run {
                settings: self.settings,
                client: Client::new(&self.url, self.authorization.as_ref())?,
                endpoint: self.endpoint.clone(),
                progress: Arc::clone(&self.progress),
                stop: Arc::clone(&self.stop),
                measures: Mutex::default(),
            });
            let mut running = JoinSet::new();
            for call in calls {
                let pace = Pace::new(self.begun, self.settings.speed);
                let pace = pace.staggered(call.number as usize, total, self.ramp);
                let run = Arc::clone(&run);
                running.spawn(async move { call.make(&run, pace).await });
            }
            let mut outcomes = Vec::with_capacity(running.len());
            while let Some(finished) = running.join_next().await {
                match finished {
                    Ok(outcome) => outcomes.push(outcome),
                    Err(error) => self.progress.say(&format!("A call broke off: {error}.")),
                }
            }
            let measures = run.measures.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Ok(Made { outcomes, measures })
        })
    }
}
