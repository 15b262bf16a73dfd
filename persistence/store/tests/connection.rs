//! Opening, migrating, and what errors become, on both databases.
#![allow(clippy::unwrap_used)]

use cx_store::sink::Cursor;
use cx_store::testing::TestDatabase;
use cx_store::{Backend, Store, StoreError};

async fn opening_twice_changes_nothing(db: &TestDatabase) {
    let again = Store::connect(db.url()).await.unwrap();
    again.ping().await.unwrap();
    assert_eq!(again.backend(), db.store.backend());
    again.close().await;
    assert!(matches!(again.ping().await, Err(StoreError::Unavailable(_))));
    db.store.ping().await.unwrap();
}

cx_store::on_both_databases!(opening_twice_changes_nothing);

#[tokio::test]
async fn a_url_of_another_kind_is_refused() {
    for url in ["", "mysql://localhost/x", "store.sqlite", "postgres//x"] {
        assert!(matches!(Store::connect(url).await, Err(StoreError::BadUrl(_))), "{url}");
    }
}

#[tokio::test]
async fn a_file_in_a_missing_folder_is_reported() {
    let error = Store::connect("sqlite:/nowhere/at/all/store.sqlite").await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}

#[tokio::test]
async fn a_database_in_memory_lives_while_it_is_open() {
    let store = Store::connect("sqlite::memory:").await.unwrap();
    assert_eq!(store.backend(), Backend::Sqlite);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        tasks.spawn(async move { store.sink_cursor().await });
    }
    assert!(tasks.join_all().await.into_iter().all(|cursor| cursor.unwrap() == Cursor::default()));
}
