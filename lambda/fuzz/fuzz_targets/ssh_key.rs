#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::ssh_key::check(data);
});
