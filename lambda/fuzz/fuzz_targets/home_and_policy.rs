#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::home_and_policy::check(data);
});
