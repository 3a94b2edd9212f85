//! Words of texts, as search compares them: one way of cutting and folding for both databases, so that they find the
//! same. The databases only compare the results, byte for byte. Nothing is stemmed.
//!
//! A word is a run of letters and digits after folding. Scripts that are written without spaces, such as Chinese,
//! Japanese and Thai, have a word per character; a query's word of several characters is then a phrase.
//!
//! The stored index holds folded texts, so a change of the folding needs a new index.

mod fold;
mod query;
#[cfg(test)]
mod tests;

pub(crate) use fold::{folded, words};
pub use query::SearchQuery;
pub(crate) use query::Term;
