//! Who may ask for what, against the built binary: keys and scopes (`matrix`), hosts and origins as long as there is no key
//! (`hosts`), what a start refuses (`start`), and what browsers are told (`headers`).

mod headers;
mod hosts;
mod matrix;
mod start;

use reqwest::{Client, redirect::Policy};

/// A client that follows nothing and sends no key of its own.
fn client() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}
