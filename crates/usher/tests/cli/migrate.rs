//! `migrate`, and a service that meets a store of another version.

use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection};

use crate::process::Place;
use crate::stores::postgres::{Cluster, Fsync};

async fn execute(url: &str, sql: &'static str) {
    sqlx::any::install_default_drivers();
    let mut stranger = AnyConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut stranger).await.unwrap();
}

#[tokio::test]
async fn a_store_is_made_once_then_migrated_when_asked_and_a_newer_one_stops_the_service() {
    let place = Place::new();
    let file = format!("sqlite://{}/usher.sqlite", place.path().display());
    let database = Cluster::shared(Fsync::Off).await.new_database().await;
    let database = database.replace("postgres@", "postgres:hush@");
    for (url, shown) in [(&file, "sqlite:"), (&database, "postgres://127.0.0.1/")] {
        let run = |args: &[&str]| {
            let ran = crate::process::ran(place.usher(args).env("USHER_STORE", url));
            assert!(!ran.stdout.contains("hush") && !ran.stderr.contains("hush"));
            ran
        };
        let migrate = || -> Value {
            let ran = run(&["migrate", "--json"]);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            serde_json::from_str(&ran.stdout).unwrap()
        };
        let first = migrate();
        assert!(
            first["store"].as_str().unwrap().starts_with(shown),
            "{first}"
        );
        assert_eq!(first["from"], json!(null));
        let newest = &first["to"];
        assert_eq!(&migrate()["from"], newest);
        assert!(run(&["migrate"]).stdout.contains("already"));

        execute(url, "UPDATE _sqlx_migrations SET version = version + 9000").await;
        for args in [&["serve"][..], &["serve", "--migrate"], &["migrate"]] {
            let ran = run(args);
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}");
            assert!(ran.stderr.contains("newer version"), "{}", ran.stderr);
        }
    }
}
