//! Resampling: streaming, without delay, and with exact lengths.
//!
//!
//! Factors two and three, from telephony to storage (8 to 16 kHz) and to OpenAI (8 to 24 kHz), use filters of this
//! crate (`fir`). All other ratios use a filter in floats (`general`).
#![expect(clippy::as_conversions, reason = "samples are widened, scaled and cut to their range")]

#[cfg(target_arch = "x86_64")]
mod avx2;
mod design;
mod fir;
mod general;
mod kernel;
mod length;
mod portable;
mod prototype;

use fir::Fir;
use general::General;
pub use length::resampled_len;

/// The sample rates that the API supports.
pub const SAMPLE_RATES: [u32; 8] = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000];

/// Resamples one channel as it arrives. The output does not depend on how the input was cut, bit for bit.
#[derive(Debug)]
pub struct Resampler {
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    Same,
    Double(Box<Fir<1>>),
    Triple(Box<Fir<2>>),
    General(Box<General>),
}

impl Resampler {
    /// A resampler between any two of [`SAMPLE_RATES`].
    ///
    /// # Panics
    /// If a rate is 0.
    #[must_use]
    pub fn new(from_hz: u32, to_hz: u32) -> Self {
        assert!(from_hz > 0 && to_hz > 0, "a sample rate is at least 1 Hz");
        let engine = if from_hz == to_hz {
            Engine::Same
        } else if from_hz.checked_mul(2) == Some(to_hz) {
            Engine::Double(Box::new(Fir::double()))
        } else if from_hz.checked_mul(3) == Some(to_hz) {
            Engine::Triple(Box::new(Fir::triple()))
        } else {
            Engine::General(Box::new(General::new(from_hz, to_hz)))
        };
        Self { engine }
    }

    /// Resamples the channel's next samples and appends the output that is ready to `out`. The last samples are held
    /// back until more follow, or [`finish`](Self::finish).
    pub fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        match &mut self.engine {
            Engine::Same => out.extend_from_slice(input),
            Engine::Double(fir) => fir.push(input, out),
            Engine::Triple(fir) => fir.push(input, out),
            Engine::General(general) => general.push(input, out),
        }
    }

    /// The resampler's state: the number of samples pushed since the start, or 0 where it does not matter, and the last
    /// samples, which are still needed.
    pub(crate) fn history(&self) -> (u64, Vec<i16>) {
        match &self.engine {
            Engine::Same => (0, Vec::new()),
            Engine::Double(fir) => (0, fir.window().to_vec()),
            Engine::Triple(fir) => (0, fir.window().to_vec()),
            Engine::General(general) => general.history(),
        }
    }

    /// Continues from the history of another resampler. Returns false if it does not belong to these rates.
    pub(crate) fn resume(&mut self, pushed: u64, last: &[i16]) -> bool {
        match &mut self.engine {
            Engine::Same => pushed == 0 && last.is_empty(),
            Engine::Double(fir) => pushed == 0 && fir.resume(last),
            Engine::Triple(fir) => pushed == 0 && fir.resume(last),
            Engine::General(general) => general.resume(pushed, last),
        }
    }

    /// Ends the channel: appends the remaining output to `out`.
    ///
    ///
    /// For `n` samples pushed, exactly [`resampled_len`]`(n, ..)` have then been output. The resampler can then be
    /// reused.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        match &mut self.engine {
            Engine::Same => {}
            Engine::Double(fir) => fir.finish(out),
            Engine::Triple(fir) => fir.finish(out),
            Engine::General(general) => general.finish(out),
        }
    }
}

/// Resamples one whole channel.
///
/// # Panics
/// If a rate is 0.
#[must_use]
pub fn resample(samples: &[i16], from_hz: u32, to_hz: u32) -> Vec<i16> {
    let mut resampler = Resampler::new(from_hz, to_hz);
    let length = resampled_len(samples.len() as u64, from_hz, to_hz);
    let mut out = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    out
}
