// The call store of the documentation's examples: a database and recordings in a folder that is thrown away. Each
// example includes this file, since examples are programs of their own.

fn example(run: impl AsyncFnOnce(&service::Callstore) -> Result<(), service::Error>) {
    use std::sync::Arc;

    use migration::{Migrator, MigratorTrait};
    use service::{Callstore, Database, Policy, Store, StoreUrl, SystemClock, SystemIds};

    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}/callstore.db", folder.path().display()).parse().unwrap();
    let recordings = StoreUrl::Folder(folder.path().join("recordings"));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let database = Database::open(&database).await.unwrap();
        Migrator::up(database.writer(), None).await.unwrap();
        let store = Store::open(&recordings, &[]).unwrap();
        let policy = Policy { min_free_bytes: 0, ..Policy::default() };
        let callstore = Callstore::new(database, store, Box::new(SystemClock), Arc::new(SystemIds), policy);
        callstore.resume().await.unwrap();
        run(&callstore).await.unwrap();
        callstore.close().await;
    });
}
