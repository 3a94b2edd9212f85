//! The command `callstore openapi`.

use std::io::{self, Write};

use clap::ValueEnum;

use crate::{
    failure::Failure,
    openapi::{document, document_3_0},
};

/// The versions of OpenAPI in which the document can be printed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum OpenApiVersion {
    /// The document that the service serves
    #[default]
    #[value(name = "3.1")]
    Current,
    /// For generators that cannot read 3.1
    #[value(name = "3.0")]
    Previous,
}

/// Prints the document.
pub(super) fn print(version: OpenApiVersion) -> Result<(), Failure> {
    let document = match version {
        OpenApiVersion::Current => document()?,
        OpenApiVersion::Previous => document_3_0()?,
    };
    Ok(write!(io::stdout(), "{document}")?)
}
