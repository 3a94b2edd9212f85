//! What clients may take, and what they are answered beyond.

mod fields;
mod greedy;
mod heads;
mod rate;
mod table;
