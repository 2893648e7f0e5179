#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| bluebridge_fuzz::targets::mapping(data));
