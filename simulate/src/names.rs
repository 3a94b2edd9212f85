//! The identifiers of a call: the recorded ones, or new ones for a copy.

use crate::opening::Opening;

/// The longest `streamSid` and `callSid` that the service accepts.
const NAME_MAX: usize = 128;

/// The identifiers of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    /// The id of the stream.
    pub stream_sid: String,
    /// The id of the phone call.
    pub call_sid: Option<String>,
}

impl Names {
    /// Identifiers of a synthetic call in Twilio's form. `run` makes them unique among runs.
    #[must_use]
    pub(crate) fn synthetic(run: &str, number: u32) -> Self {
        let name = |kind| format!("{kind}{}{number:08x}", &run[..run.len().min(24)]);
        Self { stream_sid: name("MZ"), call_sid: Some(name("CA")) }
    }

    /// A made-up account id in Twilio's form.
    #[must_use]
    pub(crate) fn account_sid(&self) -> String {
        format!("AC{}", "0".repeat(32))
    }

    /// The recorded identifiers.
    #[must_use]
    pub(crate) fn own(opening: &Opening) -> Self {
        Self { stream_sid: opening.stream_sid.clone(), call_sid: opening.call_sid.clone() }
    }

    /// New identifiers for a copy: the recorded ones, shortened if necessary, with `run` and `number` appended. `run`
    /// is unique among runs and `number` within the run.
    #[must_use]
    pub(crate) fn copy(opening: &Opening, run: &str, number: u32) -> Self {
        let renamed = |name: &str| {
            let suffix = format!(".{run}.{number}");
            let kept: String = name.chars().take(NAME_MAX.saturating_sub(suffix.len())).collect();
            kept + &suffix
        };
        Self { stream_sid: renamed(&opening.stream_sid), call_sid: opening.call_sid.as_deref().map(renamed) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    fn opening(stream_sid: &str, call_sid: Option<&str>) -> Opening {
        let (stream_sid, call_sid) = (stream_sid.to_owned(), call_sid.map(str::to_owned));
        let (caller, custom_data) = ("unknown".to_owned(), Map::new());
        Opening { stream_sid, call_sid, caller, agent: None, audio_format: None, custom_data }
    }

    #[test]
    fn a_copy_is_named_after_its_recording_its_run_and_its_number() {
        let names = Names::copy(&opening("MZ1", Some("CA1")), "0199", 7);
        assert_eq!(names, Names { stream_sid: "MZ1.0199.7".to_owned(), call_sid: Some("CA1.0199.7".to_owned()) });
        assert_eq!(Names::copy(&opening("MZ1", None), "0199", 7).call_sid, None);
    }

    #[test]
    fn a_synthetic_call_is_named_as_twilio_names() {
        let names = Names::synthetic(&"5".repeat(32), 255);
        assert_eq!(names.stream_sid, format!("MZ{}000000ff", "5".repeat(24)));
        assert_eq!((names.stream_sid.len(), names.account_sid().len()), (34, 34));
    }

    #[test]
    fn the_longest_names_stay_unique_and_allowed() {
        let run = "0".repeat(32);
        let longest = opening(&"M".repeat(NAME_MAX), None);
        let names = [1, 11, u32::MAX].map(|number| Names::copy(&longest, &run, number).stream_sid);
        for name in &names {
            assert_eq!(name.len(), NAME_MAX);
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte)));
        }
        assert!(names[0] != names[1] && names[1] != names[2]);
    }
}
