//! Access control of the built binary: keys and scopes (`matrix`), hosts and origins while no key exists (`hosts`),
//! starts that are refused (`start`), and headers for browsers (`headers`).

mod headers;
mod hosts;
pub(crate) mod matrix;
mod proxy;
mod start;

use reqwest::{Client, redirect::Policy};

use crate::support::client_builder;

/// A client that follows no redirects and sends no key of its own.
fn client() -> Client {
    client_builder().redirect(Policy::none()).build().unwrap()
}
