//! Which reader a platform has.

use crate::{
    Context, Name,
    dialect::Dialect,
    platforms::{
        asterisk::Asterisk, bandwidth::Bandwidth, exotel::Exotel, freeswitch::FreeSwitch, genesys::Genesys,
        jambonz::Jambonz, plivo::Plivo, sinch::Sinch, tagged::Tagged, telnyx::Telnyx, twilio::Twilio, vonage::Vonage,
        wavix::Wavix,
    },
};

/// The reader of a platform's stream.
pub(crate) fn reader(name: Name, context: &Context) -> Box<dyn Dialect> {
    let context = context.clone();
    match name {
        Name::Twilio | Name::SignalWire => Box::new(Twilio::new(name, context)),
        Name::Telnyx => Box::new(Telnyx::new(context)),
        Name::Plivo => Box::new(Plivo::new(context)),
        Name::Exotel => Box::new(Exotel::new(context)),
        Name::Vonage => Box::new(Vonage::new(context)),
        Name::Jambonz => Box::new(Jambonz::new(context)),
        Name::Genesys => Box::new(Genesys::new(context)),
        Name::Voximplant | Name::Jitsi => Box::new(Tagged::new(name, context)),
        Name::Bandwidth => Box::new(Bandwidth::new(context)),
        Name::Asterisk => Box::new(Asterisk::new(context)),
        // AudioSocket has no messages of a WebSocket; see `AudioSocket`.
        Name::FreeSwitch | Name::AudioSocket => Box::new(FreeSwitch::new(context)),
        Name::Sinch => Box::new(Sinch::new(context)),
        Name::Wavix => Box::new(Wavix::new(context)),
    }
}
