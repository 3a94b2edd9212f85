//! One reader for each way of streaming. A file says what is special about its platform; what platforms share is in the
//! files above.

pub(crate) mod asterisk;
pub(crate) mod bandwidth;
mod binary;
mod common;
pub(crate) mod exotel;
pub(crate) mod freeswitch;
pub(crate) mod genesys;
pub(crate) mod jambonz;
pub(crate) mod plivo;
pub(crate) mod sinch;
pub(crate) mod tagged;
pub(crate) mod telnyx;
pub(crate) mod twilio;
pub(crate) mod vonage;
pub(crate) mod wavix;
