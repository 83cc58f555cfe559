//! The migrations in `assets/hasura` on a real `PostgreSQL`.
//!
//! `TUDONE_TEST_POSTGRES` is the connection string of a server where the tests may create
//! databases; without it they print that they are skipped and pass, or fail if
//! `TUDONE_TEST_REQUIRE_REAL` is `1`. `tests/postgres/cluster` starts such a
//! server. `TUDONE_TEST_WRITERS_SECONDS` is how long the concurrent writers
//! write (default 10).

#[path = "postgres/concurrency.rs"]
mod concurrency;
#[path = "postgres/cost.rs"]
mod cost;
#[path = "postgres/database.rs"]
mod database;
#[path = "postgres/feed.rs"]
mod feed;
#[path = "postgres/migrations.rs"]
mod migrations;
#[path = "postgres/requests.rs"]
mod requests;
#[path = "postgres/rules.rs"]
mod rules;
