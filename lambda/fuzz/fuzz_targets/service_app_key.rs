#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::service_app_key::check(data);
});
