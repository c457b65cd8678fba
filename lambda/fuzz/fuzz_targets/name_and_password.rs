#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::name_and_password::check(data);
});
