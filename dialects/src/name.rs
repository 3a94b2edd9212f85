//! The platforms whose streams are understood.

use std::fmt;

/// A platform's way of streaming a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// Twilio Media Streams, and platforms that send the same, such as Fonoster.
    Twilio,
    /// SignalWire's streams, which are Twilio's with other ids and more codecs.
    SignalWire,
    /// Telnyx media streaming.
    Telnyx,
    /// Plivo audio streams, and those of Vobiz.
    Plivo,
    /// Exotel's Stream and Voicebot applets.
    Exotel,
    /// Vonage's WebSocket endpoint, and Infobip's.
    Vonage,
    /// The `listen` verb of jambonz, and its session recording.
    Jambonz,
    /// Genesys AudioHook, version 2.
    Genesys,
    /// Voximplant's media over WebSockets.
    Voximplant,
    /// Jitsi Videobridge's media export.
    Jitsi,
    /// Bandwidth's `<StartStream>`.
    Bandwidth,
    /// Asterisk's `chan_websocket`.
    Asterisk,
    /// Asterisk's `AudioSocket`, over TCP.
    AudioSocket,
    /// FreeSWITCH with `mod_audio_stream` or `mod_audio_fork`.
    FreeSwitch,
    /// Sinch's `connectStream`.
    Sinch,
    /// Wavix call streaming.
    Wavix,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Twilio,
        Self::SignalWire,
        Self::Telnyx,
        Self::Plivo,
        Self::Exotel,
        Self::Vonage,
        Self::Jambonz,
        Self::Genesys,
        Self::Voximplant,
        Self::Jitsi,
        Self::Bandwidth,
        Self::Asterisk,
        Self::AudioSocket,
        Self::FreeSwitch,
        Self::Sinch,
        Self::Wavix,
    ];

    /// The name in logs, close reasons and generated ids.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::SignalWire => "signalwire",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
            Self::Exotel => "exotel",
            Self::Vonage => "vonage",
            Self::Jambonz => "jambonz",
            Self::Genesys => "genesys",
            Self::Voximplant => "voximplant",
            Self::Jitsi => "jitsi",
            Self::Bandwidth => "bandwidth",
            Self::Asterisk => "asterisk",
            Self::AudioSocket => "audiosocket",
            Self::FreeSwitch => "freeswitch",
            Self::Sinch => "sinch",
            Self::Wavix => "wavix",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
