//! Who may ask for what, against the built binary: keys and scopes (`matrix`), hosts and origins as long as there is no key
//! (`hosts`), what a start refuses (`start`), and what browsers are told (`headers`).

mod headers;
mod hosts;
mod matrix;
mod start;

use reqwest::{Client, redirect::Policy};

use crate::support::client_builder;

/// A client that follows nothing and sends no key of its own.
fn client() -> Client {
    client_builder().redirect(Policy::none()).build().unwrap()
}
