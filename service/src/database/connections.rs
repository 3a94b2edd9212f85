//! Connection pools that any thread may use. A socket belongs to the Tokio runtime in which it was opened, and each
//! thread that answers requests has its own runtime. A connection opened there would die with that thread, although
//! other threads share the pool.
//!
//! `enter` makes the pool's runtime the current one for each poll of a query, wherever the caller runs. Sockets, timers
//! and tasks that the pool makes then belong to the runtime that lives as long as the process.

use std::{future::poll_fn, pin::pin};

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult, QueryResult,
    Statement, TransactionOptions, TransactionTrait, prelude::async_trait,
};
use tokio::runtime::Handle;

/// A pool whose connections are all opened in the runtime in which the pool was created.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    pool: DatabaseConnection,
    runtime: Handle,
}

impl Connections {
    /// Wraps a pool that was opened in the current runtime.
    pub(crate) fn new(pool: DatabaseConnection) -> Self {
        Self { pool, runtime: Handle::current() }
    }

    /// The pool itself, for callers in its own runtime.
    pub(crate) fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// The runtime of the pool.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        self.enter(self.pool.begin_with_options(options)).await
    }

    async fn enter<T>(&self, asking: impl Future<Output = T>) -> T {
        let mut asking = pin!(asking);
        poll_fn(|context| {
            let _entered = self.runtime.enter();
            asking.as_mut().poll(context)
        })
        .await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Connections {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.enter(self.pool.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.enter(self.pool.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.enter(self.pool.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.enter(self.pool.query_all_raw(statement)).await
    }
}
