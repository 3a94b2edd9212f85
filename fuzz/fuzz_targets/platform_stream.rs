#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| api::fuzzing::platform_stream(bytes));
