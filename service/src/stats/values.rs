//! Percentiles of many whole numbers, exactly and in bounded memory.
//!
//! Exact, since a dashboard that is compared with a spreadsheet must agree with it. Sketches such as t-digest need less
//! memory and are off by a percent where it matters, at the 95th percentile.

use audio::number::wide;

/// So many numbers are kept as they are; more are counted.
const FEW: usize = 1 << 16;
/// Numbers of one page of counts.
const PAGE: usize = 4096;
/// Numbers from here on are kept as they are: twelve hours in milliseconds, the longest recording.
const COUNTED: u64 = 43_200_000;

/// A collection of whole numbers, such as durations in milliseconds.
///
/// Few numbers are kept in a list. Many are counted by value in pages that are made when first needed, so memory
/// depends on the range of the values: under 14 MiB for calls of up to an hour.
#[derive(Default)]
pub(super) struct Values {
    few: Vec<u64>,
    pages: Vec<Option<Box<[u32; PAGE]>>>,
    /// Numbers in the pages.
    counted: u64,
}

impl Values {
    /// Adds a number.
    ///
    /// The list becomes pages once, when it has 65,536 numbers, or 512 KiB. From there on a number costs four bytes of
    /// a page that others share, and no more memory at all if its value was there before.
    pub(super) fn add(&mut self, value: u64) {
        if self.counted > 0 && value < COUNTED {
            return self.count(value);
        }
        self.few.push(value);
        if self.few.len() == FEW && self.counted == 0 {
            let few = std::mem::take(&mut self.few);
            for value in few {
                if value < COUNTED {
                    self.count(value);
                } else {
                    self.few.push(value);
                }
            }
        }
    }

    fn count(&mut self, value: u64) {
        let value = usize::try_from(value).unwrap_or(usize::MAX);
        let (page, place) = (value / PAGE, value % PAGE);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        self.pages[page].get_or_insert_with(|| Box::new([0; PAGE]))[place] += 1;
        self.counted += 1;
    }

    /// The percentile: linear between the ranks, at position `(n - 1) * percent / 100`, rounded half up. None without a
    /// number.
    pub(super) fn percentile(&mut self, percent: u64) -> Option<u64> {
        let last = (self.counted + wide(self.few.len())).checked_sub(1)?;
        let (place, part) = (last * percent / 100, last * percent % 100);
        let (low, high) = (self.at(place), self.at((place + 1).min(last)));
        let sum = u128::from(low) * u128::from(100 - part) + u128::from(high) * u128::from(part);
        u64::try_from((sum + 50) / 100).ok()
    }

    /// The number at a place in the order of size.
    ///
    /// Counted numbers are all smaller than those in the list once there are pages, so a place beyond them is one of
    /// the list. Takes linear time: each percentile looks at all pages, and reorders the list.
    fn at(&mut self, place: u64) -> u64 {
        let Some(mut left) = place.checked_sub(self.counted) else { return self.counted_at(place) };
        left = left.min(wide(self.few.len()).saturating_sub(1));
        let place = usize::try_from(left).unwrap_or(usize::MAX);
        *self.few.select_nth_unstable(place).1
    }

    fn counted_at(&self, place: u64) -> u64 {
        let mut before = 0;
        for (number, page) in self.pages.iter().enumerate() {
            let Some(page) = page else { continue };
            for (offset, count) in page.iter().enumerate() {
                before += u64::from(*count);
                if before > place {
                    return wide(number * PAGE + offset);
                }
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::{COUNTED, FEW, Values};

    /// The definition, over a sorted list.
    fn expected(sorted: &[u64], percent: u64) -> Option<u64> {
        let last = u64::try_from(sorted.len()).ok()?.checked_sub(1)?;
        let at = |place: u64| usize::try_from(place).ok().and_then(|place| sorted.get(place)).copied();
        let (place, part) = (last * percent / 100, last * percent % 100);
        let (low, high) = (at(place)?, at((place + 1).min(last))?);
        Some((low * (100 - part) + high * part + 50) / 100)
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_numbers_however_many_there_are() {
        for many in [0, 1, 2, 3, 10, 1_000, FEW - 1, FEW, FEW + 1, 3 * FEW] {
            let (mut values, mut all, mut seed) = (Values::default(), Vec::new(), 7_u64);
            for index in 0..many {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let value = if index % 97 == 0 { COUNTED + (seed >> 40) } else { (seed >> 33) % 600_000 };
                values.add(value);
                all.push(value);
            }
            all.sort_unstable();
            for percent in [0, 1, 50, 95, 99, 100] {
                assert_eq!(values.percentile(percent), expected(&all, percent), "{many} {percent}");
            }
        }
    }
}
