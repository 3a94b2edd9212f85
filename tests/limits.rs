//! Limits of clients, and the responses beyond them.

mod errors;
mod fields;
mod greedy;
mod heads;
mod rate;
mod table;
