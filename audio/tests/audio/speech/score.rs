//! How far segments are from the truth. Segments are spans in seconds.

pub(crate) type Span = (f64, f64);

/// Both tracks: the caller's, then the agent's.
pub(crate) type Tracks = [Vec<Span>; 2];

pub(crate) fn talk_time(track: &[Span]) -> f64 {
    track.iter().map(|(start, end)| end - start).sum()
}

/// The number of steps of 5 ms at which `found` and `truth` differ, and the number of all steps, up to `duration`.
pub(crate) fn frame_errors(found: &[Span], truth: &[Span], duration: f64) -> (usize, usize) {
    let steps = (duration / 0.005) as usize;
    let speaks = |track: &[Span], time: f64| track.iter().any(|(start, end)| (*start..*end).contains(&time));
    let times = (0..steps).map(|step| (step as f64 + 0.5) * 0.005);
    (times.filter(|&time| speaks(found, time) != speaks(truth, time)).count(), steps)
}

/// How often a party starts while the other one speaks and both then speak for over 0.5 s, by the party that starts;
/// and how often it starts and ends, at most 0.1 s after the other one, without that (a backchannel).
pub(crate) fn talks_over(tracks: &Tracks) -> [(usize, usize); 2] {
    [0, 1].map(|by| {
        let mut counts = (0, 0);
        for &(start, end) in &tracks[by] {
            let under_way = tracks[1 - by].iter().find(|other| other.0 < start && start < other.1);
            let Some(other) = under_way else { continue };
            if end.min(other.1) - start > 0.5 {
                counts.0 += 1;
            } else if end <= other.1 + 0.1 {
                counts.1 += 1;
            }
        }
        counts
    })
}

pub(crate) fn interruptions(tracks: &Tracks) -> usize {
    talks_over(tracks).iter().map(|(interruptions, _)| interruptions).sum()
}

/// The differences of the bounds, sorted. Both lists must have the same length.
pub(crate) fn bound_errors(found: &[Span], truth: &[Span]) -> Vec<f64> {
    assert_eq!(found.len(), truth.len(), "{found:?}, in truth {truth:?}");
    let bounds = found.iter().zip(truth).flat_map(|(found, truth)| [found.0 - truth.0, found.1 - truth.1]);
    let mut errors: Vec<f64> = bounds.map(f64::abs).collect();
    errors.sort_by(f64::total_cmp);
    errors
}
