//! Whether a file can run as the function: read from the file itself, before anything is uploaded.

use object::elf::{EM_AARCH64, EM_X86_64, ET_DYN, ET_EXEC, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, read};

use crate::error::{Error, ErrorCode, Result};
use crate::settings::Architecture;

/// The glibc of the runtime `provided.al2023`.
const GLIBC: Version = Version(2, 34);

/// A version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

/// What of a file decides where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Executable {
    machine: u16,
    is_executable: bool,
    interpreter: Option<String>,
    /// The names of the symbol versions of glibc that it needs, for example `GLIBC_2.34`.
    needs: Vec<String>,
}

/// Checks that `bytes` run on the runtime `provided.al2023` with that architecture. `origin` says where they come from.
///
/// # Errors
/// When they do not; the error says why, and how to build one that does.
pub fn check(bytes: &[u8], architecture: Architecture, origin: &str) -> Result<()> {
    flaw(bytes, architecture).map_or(Ok(()), |(why, hint)| {
        let message = "the function's bootstrap cannot run on Lambda";
        Err(Error::new(ErrorCode::ArtifactFailed, message).cause(why).hint(hint).resource(origin))
    })
}

/// Why the bytes cannot run, and what to do about it.
fn flaw(bytes: &[u8], architecture: Architecture) -> Option<(String, String)> {
    let build = match architecture {
        Architecture::X86_64 => "build one on Linux with `cargo build --profile lambda -p sftp-okta-lambda`".to_owned(),
        Architecture::Arm64 => {
            "build one with `cargo lambda build --release --arm64 -p sftp-okta-lambda` and name it with --bootstrap"
                .to_owned()
        }
    };
    let Ok(executable) = Executable::read(bytes) else {
        return Some(("it is not a whole 64-bit ELF file, as Linux runs them".to_owned(), build));
    };
    let (wanted, loader) = match architecture {
        Architecture::X86_64 => (EM_X86_64.0, "/lib64/ld-linux-x86-64.so.2"),
        Architecture::Arm64 => (EM_AARCH64.0, "/lib/ld-linux-aarch64.so.1"),
    };
    if executable.machine != wanted {
        let (is, instead) = match executable.machine {
            machine if machine == EM_X86_64.0 => ("for x86_64".to_owned(), Some(Architecture::X86_64)),
            machine if machine == EM_AARCH64.0 => ("for arm64".to_owned(), Some(Architecture::Arm64)),
            machine => (format!("for another processor (ELF machine {machine})"), None),
        };
        let hint = match instead {
            Some(instead) => format!("{build}, or set the architecture to {instead}"),
            None => build,
        };
        return Some((format!("it is {is}, and the architecture is {architecture}"), hint));
    }
    if !executable.is_executable {
        return Some(("it is an ELF file, but not a program".to_owned(), build));
    }
    if let Some(other) = executable.interpreter.filter(|interpreter| interpreter != loader) {
        let hint = "build it for a target ending in -linux-gnu, or link it statically".to_owned();
        return Some((format!("it is loaded by {other}, which Lambda's runtime does not have"), hint));
    }
    let too_new = executable.needs.iter().filter(|need| !provided(need)).max_by_key(|need| version(need))?;
    let hint =
        "build it on an older system, or with `cargo zigbuild --target x86_64-unknown-linux-gnu.2.34` (or aarch64)";
    Some((format!("it needs {too_new}, and Lambda's runtime has glibc {}.{}", GLIBC.0, GLIBC.1), hint.to_owned()))
}

/// Whether glibc 2.34 has that symbol version. Names that are not numbers mark features of later releases.
fn provided(need: &str) -> bool {
    version(need).is_some_and(|version| version <= GLIBC)
}

fn version(need: &str) -> Option<Version> {
    let mut parts = need.strip_prefix("GLIBC_")?.split('.');
    let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Version(major, minor))
}

impl Executable {
    fn read(bytes: &[u8]) -> read::Result<Self> {
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
                    if name.starts_with("GLIBC_") {
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
    use proptest::prelude::*;

    use super::*;

    fn this_test() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
    fn reads_a_real_program() {
        let bytes = this_test();
        let executable = Executable::read(&bytes).unwrap();
        assert_eq!(executable.machine, EM_X86_64.0);
        assert!(executable.is_executable);
        assert_eq!(executable.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        assert!(executable.needs.iter().any(|need| need.starts_with("GLIBC_2.")), "{:?}", executable.needs);
        let (why, hint) = flaw(&bytes, Architecture::Arm64).unwrap();
        assert_eq!(why, "it is for x86_64, and the architecture is arm64");
        assert!(hint.ends_with("or set the architecture to x86_64"), "{hint}");
    }

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
    fn a_newer_glibc_is_refused_by_name() {
        let mut bytes = this_test();
        let name = b"\0GLIBC_2.14\0";
        let at = bytes.windows(name.len()).position(|window| window == name).expect("a program needs GLIBC_2.14");
        bytes[at..at + name.len()].copy_from_slice(b"\0GLIBC_2.38\0");
        let (why, _) = flaw(&bytes, Architecture::X86_64).unwrap();
        assert_eq!(why, "it needs GLIBC_2.38, and Lambda's runtime has glibc 2.34");
    }

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
    fn another_loader_is_refused() {
        let mut bytes = this_test();
        let name = b"/lib64/ld-linux-x86-64.so.2\0";
        let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
        bytes[at..at + name.len()].copy_from_slice(b"/lib/ld-musl-x86_64.so.1\0\0\0\0");
        assert!(flaw(&bytes, Architecture::X86_64).unwrap().0.starts_with("it is loaded by /lib/ld-musl-x86_64.so.1"));
    }

    #[test]
    fn what_is_no_program_is_refused() {
        for bytes in [&b""[..], b"\x7fELF", b"#!/bin/sh\n", b"PK\x03\x04"] {
            let error = check(bytes, Architecture::X86_64, "--bootstrap x").unwrap_err();
            assert_eq!(error.code, ErrorCode::ArtifactFailed);
            assert_eq!(error.cause.as_deref(), Some("it is not a whole 64-bit ELF file, as Linux runs them"));
            assert_eq!(error.resource.as_deref(), Some("--bootstrap x"));
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for good in ["GLIBC_2.2.5", "GLIBC_2.9", "GLIBC_2.34"] {
            assert!(provided(good), "{good}");
        }
        for bad in ["GLIBC_2.35", "GLIBC_2.100", "GLIBC_3.0", "GLIBC_ABI_DT_RELR", "GLIBC_PRIVATE", "GLIBC_"] {
            assert!(!provided(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = flaw(&bytes, Architecture::X86_64);
        }

        #[test]
        fn never_panics_on_a_header_and_any_bytes(rest in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
            bytes.extend(rest);
            let _ = flaw(&bytes, Architecture::Arm64);
        }
    }

    /// A small ELF file of one program header and three sections, one of them version needs: its bytes are then changed.
    fn small() -> Vec<u8> {
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
        half(&mut bytes, &[0, 2]);
        word(&mut bytes, &[11, 0]);
        bytes
    }

    #[test]
    fn reads_version_needs() {
        assert_eq!(Executable::read(&small()).unwrap().needs, ["GLIBC_2.38"]);
    }

    proptest! {
        #[test]
        fn never_panics_on_a_damaged_file(
            changes in proptest::collection::vec((0_usize..320, any::<u8>()), 1..12),
            length in 0_usize..=320,
        ) {
            let mut bytes = small();
            for (at, value) in changes {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            bytes.truncate(length);
            let _ = flaw(&bytes, Architecture::X86_64);
        }
    }
}
