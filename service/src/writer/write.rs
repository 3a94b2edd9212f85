//! Entries of the writer's queue: work for the transaction, and an outcome that a request waits for.

use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use tokio::sync::oneshot;

use super::{Batch, State};
use crate::{CallRef, Error, database::WriteFailure};

/// A write: `work` runs in the transaction, then `outcome` is answered.
///
/// Most writes are closures ([`Closure`]). Frequent ones implement this trait, because their rows share statements with
/// those of others, and because they can be done from memory. The writer calls, in this order: [`call`](Self::call) and
/// [`adds_audio`](Self::adds_audio) to lock, [`work_at_once`](Self::work_at_once) or [`work`](Self::work), and after
/// the commit [`outcome`](Self::outcome).
pub(crate) trait Write: Send {
    /// Does the work from the cached state alone, and returns whether that sufficed. If not, or if the cache turns out
    /// to be stale, the work is done again by [`work`](Self::work). It may therefore run more than once.
    ///
    /// It must not refuse: memory may be stale, and only what the transaction reads can tell a client that it was
    /// wrong. It also must not change the state before it is certain to return true.
    fn work_at_once(&mut self, _state: &mut State) -> bool {
        false
    }

    /// The call that the write is about. On a shared database the writer locks it before the work begins.
    fn call(&self) -> Option<&CallRef> {
        None
    }

    /// Whether the write adds audio to the call.
    ///
    /// Then the ends of the call's tracks are read with it, in one query for all calls of the transaction.
    fn adds_audio(&self) -> bool {
        false
    }

    /// Whether the work executes statements of its own, beside rows that are gathered for the commit.
    ///
    /// Such a write runs in a savepoint when others share its transaction. Gathered rows need none: they are only
    /// written if all goes well.
    fn has_statements(&self) -> bool;

    /// Does the work. An error comes from the database and ends the transaction, unless the write runs in a savepoint.
    ///
    /// A refusal is no error of this kind: it is set as the outcome, and must come before the first change of the batch
    /// or its state, which a savepoint cannot undo.
    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>>;

    /// Where the outcome is kept until the commit.
    fn outcome(&mut self) -> &mut dyn Pending;
}

/// An outcome that a request waits for.
///
/// The writer sees outcomes of all types through this trait.
pub(crate) trait Pending {
    /// Records a database error that concerns only this write.
    fn fail(&mut self, error: DbErr);

    /// Whether the work was refused.
    fn is_refused(&self) -> bool;

    /// Answers the request once the transaction is durable or has failed.
    fn answer(&mut self, failed: Option<&WriteFailure>);
}

/// The result of a write, held back until the transaction is durable, and the channel to the waiting request.
///
/// Set by the work, at most once for each attempt; sent by [`answer`](Pending::answer) and never before, so that
/// nothing is acknowledged that is not on disk.
pub(crate) struct Outcome<T> {
    result: Option<Result<T, Error>>,
    answer: Option<oneshot::Sender<Result<T, Error>>>,
}

/// A write given as a closure.
pub(crate) struct Closure<F, T> {
    call: Option<CallRef>,
    /// Taken when it runs: a closure cannot run twice, and is never done from memory.
    work: Option<F>,
    outcome: Outcome<T>,
}

impl<F, T> Closure<F, T> {
    pub(crate) fn new(call: Option<CallRef>, work: F, outcome: Outcome<T>) -> Self {
        Self { call, work: Some(work), outcome }
    }
}

impl<T> Outcome<T> {
    /// An outcome that is sent to the other end of `answer`.
    pub(crate) fn new(answer: oneshot::Sender<Result<T, Error>>) -> Self {
        Self { result: None, answer: Some(answer) }
    }

    /// Sets the result, to be sent once it is durable. A database error is returned instead, and ends the transaction.
    pub(crate) fn set(&mut self, result: Result<T, Error>) -> Result<(), DbErr> {
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
            // A refusal holds whatever became of the transaction.
            (Some(_), Some(Err(refusal))) => Err(refusal),
            (Some(failure), _) => Err(failure.into()),
            (None, Some(result)) => result,
            (None, None) => Err(Error::Damaged("a write that was not done")),
        };
        if let Some(answer) = self.answer.take() {
            // The request may have been dropped; what was written stays.
            let _ = answer.send(result);
        }
    }
}

impl<F, T> Write for Closure<F, T>
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
