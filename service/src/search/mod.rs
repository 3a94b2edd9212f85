//! Full-text search of transcripts.
//!
//! `words` cuts and folds texts and reads queries; `entries` and a trigger keep the index; `database` asks it. Here the
//! hits become a page: in order, filtered, with a snippet and the place in the recording.
//!
//! | file | content |
//! | --- | --- |
//! | `part` | the operation: a page of hits, with their calls and recordings |
//! | `request` | what a search asks for |
//! | `gather` | reads hits until a page is full, or asks the calls of a rare filter |
//! | `order` | the order of hits, and the cursor, which is a place in it |
//! | `snippet` | the part of a text around a match, and when it is said |
//! | `indexing` | indexes the transcripts of earlier versions in the background |

mod gather;
mod indexing;
mod order;
mod part;
mod request;
mod snippet;

pub use indexing::IndexProgress;
pub(crate) use indexing::Indexing;
pub use order::SearchSort;
pub use part::{Found, Playback, Search, SearchPage};
pub use request::SearchTranscripts;
pub use snippet::SnippetPart;
