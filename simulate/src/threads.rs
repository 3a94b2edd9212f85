//! The threads that run the calls. Each has its own share of the calls, runtime and connections, so threads never wait
//! for each other.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use reqwest::header::HeaderValue;
use tokio::{runtime, task::JoinSet, time::Instant};
use url::Url;

use crate::{
    call::Call, client::Client, error::SimulateError, lifecycle, link::Endpoint, measures::Measures, outcome::Outcome,
    pace::Pace, progress::Progress, run::Run, settings::Settings, stop::Stop,
};

/// The state that all threads share.
pub(crate) struct Crew {
    /// The settings from the command line.
    pub settings: Settings,
    /// The base URL of the service.
    pub url: Url,
    /// The `Authorization` header, if a key was given.
    pub authorization: Option<HeaderValue>,
    /// The address of the service's WebSockets.
    pub endpoint: Endpoint,
    /// The progress of all calls.
    pub progress: Arc<Progress>,
    /// The request to stop.
    pub stop: Arc<Stop>,
    /// The time over which the calls start.
    pub ramp: Duration,
    /// When the run began. Deadlines count from here.
    pub begun: Instant,
}

/// The results of finished calls.
#[derive(Default)]
pub(crate) struct Made {
    /// The result of each call.
    pub outcomes: Vec<Outcome>,
    /// The merged measurements.
    pub measures: Measures,
}

impl Crew {
    /// Runs the calls on `threads` threads, and returns when all have finished.
    ///
    /// # Errors
    /// When a thread's runtime or HTTP client cannot be created.
    pub(crate) fn make(&self, calls: Vec<Call>, threads: usize) -> Result<Made, SimulateError> {
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
                // The panic has been printed by its hook. The report counts the thread's calls as failed.
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
                running.spawn(async move { lifecycle::make(call, &run, pace).await });
            }
            let mut outcomes = Vec::with_capacity(running.len());
            while let Some(finished) = running.join_next().await {
                match finished {
                    Ok(outcome) => outcomes.push(outcome),
                    Err(error) => self.progress.say(&format!("A call was aborted by an internal error: {error}.")),
                }
            }
            let measures = run.measures.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Ok(Made { outcomes, measures })
        })
    }
}
