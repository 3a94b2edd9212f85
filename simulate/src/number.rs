//! Whole numbers of the command line.

use std::ops::RangeInclusive;

/// A parser of whole numbers within a range. Its error says which numbers are allowed.
pub fn between<N: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<N, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| N::try_from(number).ok()).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            // No one needs to know where 32 bits end.
            let most = if *most < u32::MAX.into() { format!("to {most}") } else { "or more".to_owned() };
            format!("expected a whole number, {least} {most}")
        })
    }
}
