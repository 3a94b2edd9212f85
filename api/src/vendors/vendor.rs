//! The platforms that sign.

use dialects::Name;

/// A platform that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vendor {
    /// Twilio, whose webhooks are signed as well.
    Twilio,
    /// Plivo.
    Plivo,
    /// Vonage.
    Vonage,
    /// Genesys.
    Genesys,
}

impl Vendor {
    /// The platform that signs streams of a dialect, if it can.
    pub(crate) fn of(dialect: Name) -> Option<Self> {
        match dialect {
            Name::Twilio => Some(Self::Twilio),
            Name::Plivo => Some(Self::Plivo),
            Name::Vonage => Some(Self::Vonage),
            Name::Genesys => Some(Self::Genesys),
            Name::SignalWire
            | Name::Telnyx
            | Name::Exotel
            | Name::Jambonz
            | Name::Voximplant
            | Name::Jitsi
            | Name::Bandwidth
            | Name::Asterisk
            | Name::AudioSocket
            | Name::FreeSwitch
            | Name::Sinch
            | Name::Wavix => None,
        }
    }

    /// The platform's name, for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Twilio => "Twilio",
            Self::Plivo => "Plivo",
            Self::Vonage => "Vonage",
            Self::Genesys => "Genesys",
        }
    }
}
