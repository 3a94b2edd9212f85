//! What waits in the writer's queue: work for the transaction, and an outcome for which someone waits.

use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use tokio::sync::oneshot;

use super::{Batch, State};
use crate::{CallRef, Error, database::WriteFailure};

/// A write: first its work in the transaction, then its answer.
pub(crate) trait Write: Send {
    /// Does the work with what is known alone, and says whether that was enough; it is done again in a transaction where it
    /// was not, and where what was known has turned out to be wrong.
    fn work_at_once(&mut self, _state: &mut State) -> bool {
        false
    }

    /// The call that it is about. On a database that other nodes write too it is locked before the work begins.
    fn call(&self) -> Option<&CallRef> {
        None
    }

    /// Whether it adds audio to the call.
    fn adds_audio(&self) -> bool {
        false
    }

    /// Whether the work has statements of its own, beside rows that are gathered and inserted with those of others.
    fn has_statements(&self) -> bool;

    /// Does the work. An error is one of the database, and the transaction's end, unless it is done apart.
    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>>;

    /// Where its outcome is kept.
    fn outcome(&mut self) -> &mut dyn Pending;
}

/// An outcome for which someone waits.
pub(crate) trait Pending {
    /// Keeps an error of the database that is this write's alone.
    fn fail(&mut self, error: DbErr);

    /// Whether the work was refused.
    fn is_refused(&self) -> bool;

    /// Answers once the transaction is durable, or has failed.
    fn answer(&mut self, failed: Option<&WriteFailure>);
}

/// What becomes of a write, and who waits for it.
pub(crate) struct Outcome<T> {
    result: Option<Result<T, Error>>,
    answer: Option<oneshot::Sender<Result<T, Error>>>,
}

/// A write that is a function.
pub(super) struct Request<F, T> {
    call: Option<CallRef>,
    work: Option<F>,
    outcome: Outcome<T>,
}

impl<F, T> Request<F, T> {
    pub(super) fn new(call: Option<CallRef>, work: F, outcome: Outcome<T>) -> Self {
        Self { call, work: Some(work), outcome }
    }
}

impl<T> Outcome<T> {
    /// For whoever waits at the other end of `answer`.
    pub(super) fn new(answer: oneshot::Sender<Result<T, Error>>) -> Self {
        Self { result: None, answer: Some(answer) }
    }

    /// Keeps a result until it is durable. An error of the database is the transaction's end.
    pub fn set(&mut self, result: Result<T, Error>) -> Result<(), DbErr> {
        match result {
            Err(Error::Database(error)) => Err(error),
            result => {
                self.result = Some(result);
                Ok(())
            }
        }
    }
}

impl<T: Send> Pending for Outcome<T> {
    fn fail(&mut self, error: DbErr) {
        self.result = Some(Err(Error::Database(error)));
    }

    fn is_refused(&self) -> bool {
        matches!(self.result, Some(Err(_)))
    }

    fn answer(&mut self, failed: Option<&WriteFailure>) {
        let result = match (failed, self.result.take()) {
            // A refusal holds whatever became of the others.
            (Some(_), Some(Err(refusal))) => Err(refusal),
            (Some(failure), _) => Err(failure.to_error()),
            (None, Some(result)) => result,
            (None, None) => Err(Error::Damaged("a write that was not done")),
        };
        if let Some(answer) = self.answer.take() {
            // Whoever asked may be gone; what was written stays.
            let _ = answer.send(result);
        }
    }
}

impl<F, T> Write for Request<F, T>
where
    F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, Error>> + Send,
    T: Send,
{
    fn call(&self) -> Option<&CallRef> {
        self.call.as_ref()
    }

    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Ok(()) };
            self.outcome.set(work(batch).await)
        })
    }

    fn has_statements(&self) -> bool {
        true
    }

    fn outcome(&mut self) -> &mut dyn Pending {
        &mut self.outcome
    }
}
