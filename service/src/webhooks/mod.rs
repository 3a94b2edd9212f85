//! Webhooks: endpoints that are told what happens, by Standard Webhooks 1.0.0.
//!
//! ```text
//! outbox --queue--> delivery (pending) --worker--> the endpoint
//!   (an endpoint's place moves)             (one worker for each endpoint, by lease)
//! ```
//!
//! - **At least once.** Events become deliveries in one transaction with the endpoint's place in the outbox, and an
//!   attempt is noted after it was made. A crash repeats an attempt; it loses none. A receiver drops repetitions by
//!   `webhook-id`, which is the event's id.
//!
//! - **Order.** An endpoint gets the events of one call in order; calls do not wait for each other.
//!
//! - **Personal data.** Bodies have ids and states, and what the event is about only if the endpoint's admin chose so.
//!   They are made when they are sent and stored nowhere. Of a deleted call only its deletion is delivered; all other
//!   deliveries go with it, and with them the answers of endpoints.
//!
//! - **Addresses.** `guard` decides where connections may lead.

mod deliver;
mod deliveries;
mod guard;
mod manage;
mod model;
mod plan;
mod queue;
mod send;
mod signature;
mod subject;
mod target;
mod worker;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::sync::watch;
use uuid::Uuid;

pub use model::{
    Delivery, DeliveryAttempt, DeliveryStatus, Describe, DisabledReason, NewWebhook, Subject, Webhook, WebhookChange,
    WebhookSecret, WebhookTest,
};

use self::{guard::Guard, send::Sender};
use crate::{core::Core, outbox::Outbox, signer::Signing};

/// Operations on webhooks and deliveries.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Error, NewWebhook};
///
/// let made = callstore.webhooks.create(NewWebhook::to("https://example.com/hooks"), None).await?;
/// assert!(made.secret.expose().starts_with("whsec_"));
/// assert!(callstore.webhooks.get(made.webhook.id).await?.enabled);
///
/// // Addresses inside, in any spelling, are refused.
/// let inside = callstore.webhooks.create(NewWebhook::to("https://0x7f.1/"), None).await;
/// assert!(matches!(inside, Err(Error::Invalid(_))));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Webhooks {
    core: Core,
    signing: Signing,
    outbox: Outbox,
    sender: Arc<Sender>,
    /// How subjects are written; unset until the API says.
    describe: Arc<OnceLock<Describe>>,
    /// Endpoints with a worker on this node.
    running: Arc<Mutex<HashSet<Uuid>>>,
    /// Tells workers that there may be something to do.
    woken: Arc<watch::Sender<()>>,
}

impl Webhooks {
    pub(crate) fn new(core: Core, signing: Signing, outbox: Outbox) -> Self {
        let sender = Arc::new(Sender::new(Guard(core.policy.webhook_allow.clone())));
        Self { core, signing, outbox, sender, describe: Arc::default(), running: Arc::default(), woken: Arc::default() }
    }

    /// Starts the tasks that queue, deliver and forget.
    pub(crate) fn begin(&self) {
        let background = &self.core.background;
        background.spawn(self.clone().keep_queueing());
        background.spawn(self.clone().keep_delivering());
        background.spawn(self.clone().keep_forgetting());
    }

    fn wake(&self) {
        self.woken.send_replace(());
    }

    fn is_running(&self, id: Uuid) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    fn set_running(&self, id: Uuid, running: bool) {
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running {
            all.insert(id);
        } else {
            all.remove(&id);
        }
    }
}
