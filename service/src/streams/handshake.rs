//! Handshakes that platforms sign. Each opens one socket: whoever has seen one on its way cannot send it again.
//!
//! Only the fact that a handshake was used is stored, as a code that follows from it and the service's secret. Rows go
//! once the handshake has expired by itself. Twilio's handshakes are all signed alike, so its streams have a token
//! instead ([`issue_token`](Streams::issue_token)).

use std::time::Duration;

use entity::voice_webhook::{ActiveModel, Column, Entity};
use futures_util::FutureExt;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use uuid::Uuid;

use super::part::Streams;
use crate::{Error, Timestamp, policy::milliseconds};

/// What the stored code is derived for.
const PURPOSE: &str = "stream-handshake";

impl Streams {
    /// Uses a handshake whose signature holds. Returns false if it was used before, on whichever node; then refuse it.
    /// Durable when this returns.
    ///
    /// `unique` is a signed part that no two handshakes of the `platform` share, such as a nonce. It is remembered for
    /// `kept`, which has to be at least as long as the signature is accepted.
    ///
    /// # Errors
    /// A failing database.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
    /// # fn main() { example(async |callstore| {
    /// let minute = std::time::Duration::from_secs(60);
    /// assert!(callstore.streams.use_handshake("Plivo", b"nonce", minute).await?);
    /// assert!(!callstore.streams.use_handshake("Plivo", b"nonce", minute).await?);
    /// // Platforms choose their nonces by themselves.
    /// assert!(callstore.streams.use_handshake("Genesys", b"nonce", minute).await?);
    /// # Ok(()) }) }
    /// ```
    pub async fn use_handshake(&self, platform: &str, unique: &[u8], kept: Duration) -> Result<bool, Error> {
        let code = self.signing.signer().await?.sign(PURPOSE, &[platform.as_bytes(), unique])?;
        let id = code.first_chunk().copied().map(Uuid::from_bytes).unwrap_or_default();
        let now = self.core.now();
        let forget_at = Timestamp(now.0.saturating_add(milliseconds(kept)));
        self.core
            .write(None, 0, move |batch| {
                async move {
                    let transaction = batch.transaction();
                    Entity::delete_many().filter(Column::ForgetAt.lte(now)).exec(transaction).await?;
                    let row = ActiveModel { id: Set(id), created_at: Set(now), forget_at: Set(forget_at) };
                    let unless_there = OnConflict::column(Column::Id).do_nothing().to_owned();
                    let inserted = Entity::insert(row).on_conflict(unless_there);
                    Ok(inserted.exec_without_returning(transaction).await? > 0)
                }
                .boxed()
            })
            .await
    }
}
