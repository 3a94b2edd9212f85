//! What the stores read recordings as.

use std::io;

use bytes::Bytes;
use futures_util::stream::BoxStream;

/// The bytes of a recording, as a stream.
pub type AudioStream = BoxStream<'static, io::Result<Bytes>>;
