//! A packed slot is read as it was.

use super::*;

fn slot(names: u32) -> Slot {
    let mut slot = Slot::default();
    for index in 0..600_u32 {
        let name = (index % 7 > 0 && names > 0).then(|| format!("agent {}", index % names.max(1)).into());
        let computed = (index % 3 == 0).then_some(ComputedFigures {
            talk_time_ms: index * 100,
            silence_time_ms: index,
            interruptions: index % 5,
            response_latency_ms: (index % 2 == 0).then_some(index * 3),
        });
        let place = usize::try_from(index).unwrap();
        slot.calls.push(Counted {
            start: SLOT_MS * 9 + i64::from(index) * 10_000,
            duration_ms: [None, Some(u64::from(index)), Some(1 << 40)][place % 3],
            status: STATUSES[place % 4],
            direction: value(&DIRECTIONS, u8::try_from(index % 3).unwrap()),
            end_reason: value(&REASONS, u8::try_from(index % 6).unwrap()),
            agent: slot.agents.place(name),
            language: slot.languages.place((index % 2 == 0).then(|| "de".into())),
            computed,
        });
    }
    slot
}

#[test]
fn a_packed_slot_is_the_same_slot_and_a_cut_one_is_none() {
    for names in [0, 1, 200, 500] {
        let slot = slot(names);
        let packed = slot.pack(SLOT_MS * 9);
        let read = Slot::unpack(SLOT_MS * 9, &packed).unwrap();
        assert!(read.calls == slot.calls && read.agents.all == slot.agents.all);
        assert!((0..packed.len()).all(|length| Slot::unpack(0, &packed[..length]).is_err()));
    }
}
