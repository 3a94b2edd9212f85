//! Callstore through its front door: every test speaks HTTP to a server with a database and a store of its own.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

mod support;

mod calls;
mod fixtures;
mod readme;
mod swagger;
