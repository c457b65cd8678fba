//! The smallest file that the deployer takes for the function's program. It does nothing: where it is used, no function runs.

/// An ELF header, and nothing after it.
pub(crate) fn small_program() -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]); // an executable for x86_64
    bytes.extend(0x40_1000_u64.to_le_bytes()); // its entry
    bytes.extend([0; 20]); // no program headers, no sections
    bytes.extend([64, 0, 56, 0, 0, 0, 64, 0, 0, 0, 0, 0]);
    bytes
}
