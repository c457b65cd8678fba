#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::okta_authn::check(data);
});
