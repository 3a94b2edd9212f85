//! The API key that a simulation sends, which is never printed by accident.

use std::fmt;

use reqwest::header::HeaderValue;

use crate::error::SimulateError;

/// An API key in plain text. `Debug` hides it.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// The `Authorization` header with this key, marked sensitive so that its debug output hides the key, too.
    ///
    /// # Errors
    /// When the key contains characters that a header cannot carry.
    pub fn authorization(&self) -> Result<HeaderValue, SimulateError> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", self.0)).map_err(|_| SimulateError::KeyUnfit)?;
        header.set_sensitive(true);
        Ok(header)
    }
}

impl From<String> for Key {
    /// Accepts any text. clap prints rejected values, which would leak a key.
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(hidden)")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sent_and_not_shown() {
        let key = Key::from("cs_0123".to_owned());
        let header = key.authorization().unwrap();
        assert_eq!(header, "Bearer cs_0123");
        assert!(!format!("{key:?} {header:?}").contains("0123"));
        assert!(matches!(Key::from("a\nb".to_owned()).authorization(), Err(SimulateError::KeyUnfit)));
    }
}
