//! What a deployment asks of the function's program, without its bytes. `build.rs` uses this file too: what it found out about
//! the program inside, no run has to unpack it for.

use object::elf::{ET_DYN, ET_EXEC, FileHeader64, VER_FLG_WEAK};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, read};
use serde::{Deserialize, Serialize};

use crate::digest::sha256;

/// What is known of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The SHA-256 of its file, in lower-case hexadecimal.
    pub sha256: String,
    /// The size of its file, in bytes.
    pub size: usize,
    /// Where it runs; nothing when the file is not a whole 64-bit ELF file.
    pub executable: Option<Executable>,
}

/// What of a file decides where it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executable {
    /// The processor, by its number in ELF.
    pub machine: u16,
    /// Whether it is a program, rather than a library or an object file.
    pub is_executable: bool,
    /// What loads it, for example `/lib64/ld-linux-x86-64.so.2`; nothing when it is linked statically.
    pub interpreter: Option<String>,
    /// The names of the symbol versions of glibc that it does not start without, for example `GLIBC_2.34`.
    pub needs: Vec<String>,
}

impl Program {
    /// Reads what is known of a program from its bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { sha256: sha256(bytes), size: bytes.len(), executable: Executable::read(bytes).ok() }
    }
}

impl Executable {
    pub(crate) fn read(bytes: &[u8]) -> read::Result<Self> {
        let header = FileHeader64::<Endianness>::parse(bytes)?;
        let endian = header.endian()?;
        let mut interpreter = None;
        for segment in header.program_headers(endian, bytes)? {
            if let Some(path) = segment.interpreter(endian, bytes)? {
                interpreter = Some(String::from_utf8_lossy(path).into_owned());
            }
        }
        let sections = header.sections(endian, bytes)?;
        let mut needs = Vec::new();
        if let Some((mut files, link)) = sections.gnu_verneed(endian, bytes)? {
            let strings = sections.strings(endian, bytes, link)?;
            while let Some((_, mut versions)) = files.next()? {
                while let Some(needed) = versions.next()? {
                    let name = String::from_utf8_lossy(needed.name(endian, strings)?).into_owned();
                    // A program also starts without what it only asks for, as the standard library does for newer calls.
                    let is_weak = needed.vna_flags.get(endian) & VER_FLG_WEAK == VER_FLG_WEAK;
                    if name.starts_with("GLIBC_") && !is_weak {
                        needs.push(name);
                    }
                }
            }
        }
        let kind = header.e_type(endian);
        let is_executable = header.e_entry(endian) != 0 && (kind == ET_EXEC || kind == ET_DYN);
        Ok(Self { machine: header.e_machine(endian).0, is_executable, interpreter, needs })
    }
}

#[cfg(test)]
mod tests {
    use object::elf::EM_X86_64;
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
    fn reads_a_real_program() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let executable = Executable::read(&bytes).unwrap();
        assert_eq!(executable.machine, EM_X86_64.0);
        assert!(executable.is_executable);
        assert_eq!(executable.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        assert!(executable.needs.iter().any(|need| need.starts_with("GLIBC_2.")), "{:?}", executable.needs);
    }

    #[test]
    fn what_is_no_program_is_known_as_such() {
        for bytes in [&b""[..], b"\x7fELF", b"#!/bin/sh\n", b"PK\x03\x04"] {
            assert_eq!(Program::of(bytes).executable, None, "{bytes:?}");
        }
    }

    /// A small ELF file of one program header and three sections, one of them the version needs, with those `flags`.
    fn small(flags: u16) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        let half = |bytes: &mut Vec<u8>, values: &[u16]| values.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        let word = |bytes: &mut Vec<u8>, values: &[u32]| values.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        let long = |bytes: &mut Vec<u8>, values: &[u64]| values.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        half(&mut bytes, &[3, 62]);
        word(&mut bytes, &[1]);
        long(&mut bytes, &[0x1000, 0, 64]);
        word(&mut bytes, &[0]);
        half(&mut bytes, &[64, 56, 0, 64, 3, 1]);
        // Null, strings, version needs.
        bytes.extend([0; 64]);
        let strings = b"\0libc.so.6\0GLIBC_2.38\0";
        word(&mut bytes, &[0, 3]);
        long(&mut bytes, &[0, 0, 256, strings.len() as u64]);
        word(&mut bytes, &[0, 0]);
        long(&mut bytes, &[1, 0]);
        word(&mut bytes, &[0, 0x6fff_fffe]);
        long(&mut bytes, &[0, 0, 288, 32]);
        word(&mut bytes, &[1, 1]);
        long(&mut bytes, &[4, 0]);
        bytes.extend(strings);
        bytes.resize(288, 0);
        half(&mut bytes, &[1, 1]);
        word(&mut bytes, &[1, 16, 0]);
        word(&mut bytes, &[0]);
        half(&mut bytes, &[flags, 2]);
        word(&mut bytes, &[11, 0]);
        bytes
    }

    #[test]
    fn only_the_versions_without_which_it_does_not_start_are_needed() {
        assert_eq!(Executable::read(&small(0)).unwrap().needs, ["GLIBC_2.38"]);
        assert_eq!(Executable::read(&small(2)).unwrap().needs, [""; 0]);
    }

    proptest! {
        #[test]
        fn never_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = Executable::read(&bytes);
        }

        #[test]
        fn never_panics_on_a_header_and_any_bytes(rest in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
            bytes.extend(rest);
            let _ = Executable::read(&bytes);
        }

        #[test]
        fn never_panics_on_a_damaged_file(
            changes in proptest::collection::vec((0_usize..320, any::<u8>()), 1..12),
            length in 0_usize..=320,
        ) {
            let mut bytes = small(0);
            for (at, value) in changes {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            bytes.truncate(length);
            let _ = Executable::read(&bytes);
        }
    }
}
