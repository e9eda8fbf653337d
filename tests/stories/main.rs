//! Stories of users: one binary, one file a story. Each says who wants what in its first line.
//!
//! Only the edge of the network is faked (wiremock, axum on loopback). Stories that store run on SQLite, and on
//! Postgres where `TEST_POSTGRES_URL` is set; when `CI` is set a missing address is a failure.

#![expect(clippy::panic, reason = "a story that cannot go on says why")]

mod architecture;
mod areas;
mod attacks;
mod bad_input;
mod check_folder;
mod check_site;
mod crawl;
mod door;
mod eval;
mod model;
mod model_server;
mod readme;
mod recheck;
mod render;
mod resume;
mod score;
mod service;
mod service_api;
mod service_backup;
mod service_check;
mod service_kill;
mod service_limits;
mod service_pages;
mod service_queue;
mod site;
mod warcio;
mod world;
