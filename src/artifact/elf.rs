//! Whether a file can run as the function: read from the file itself, before anything is uploaded.

use object::elf::{EM_AARCH64, EM_X86_64};

use crate::error::{Error, ErrorCode, Result};
use crate::settings::Architecture;

use super::program::Executable;

/// The glibc of the runtime `provided.al2023`.
const GLIBC: Version = Version(2, 34);

/// A version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

/// Checks that a program runs on the runtime `provided.al2023` with that architecture. `origin` says where it comes from.
///
/// # Errors
/// When it does not; the error says why, and how to build one that does.
pub fn check(executable: Option<&Executable>, architecture: Architecture, origin: &str) -> Result<()> {
    flaw(executable, architecture).map_or(Ok(()), |(why, hint)| {
        let message = "the function's bootstrap cannot run on Lambda";
        Err(Error::new(ErrorCode::ArtifactFailed, message).cause(why).hint(hint).resource(origin))
    })
}

/// Why it cannot run, and what to do about it.
fn flaw(executable: Option<&Executable>, architecture: Architecture) -> Option<(String, String)> {
    let build = match architecture {
        Architecture::X86_64 => "build one on Linux with `cargo build --profile lambda -p sftp-okta-lambda`".to_owned(),
        Architecture::Arm64 => {
            "build one with `cargo lambda build --release --arm64 -p sftp-okta-lambda` and name it with --bootstrap"
                .to_owned()
        }
    };
    let Some(executable) = executable else {
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
    if let Some(other) = executable.interpreter.as_deref().filter(|interpreter| *interpreter != loader) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn executable(machine: u16, interpreter: &str) -> Executable {
        Executable {
            machine,
            is_executable: true,
            interpreter: Some(interpreter.to_owned()),
            needs: vec!["GLIBC_2.2.5".to_owned(), "GLIBC_2.34".to_owned()],
        }
    }

    fn x86_64() -> Executable {
        executable(EM_X86_64.0, "/lib64/ld-linux-x86-64.so.2")
    }

    fn why(executable: &Executable, architecture: Architecture) -> String {
        flaw(Some(executable), architecture).unwrap().0
    }

    #[test]
    fn each_architecture_has_its_processor_and_loader() {
        let arm64 = executable(EM_AARCH64.0, "/lib/ld-linux-aarch64.so.1");
        assert_eq!(flaw(Some(&x86_64()), Architecture::X86_64), None);
        assert_eq!(flaw(Some(&arm64), Architecture::Arm64), None);
        assert_eq!(flaw(Some(&Executable { interpreter: None, ..x86_64() }), Architecture::X86_64), None);
        let (cause, hint) = flaw(Some(&x86_64()), Architecture::Arm64).unwrap();
        assert_eq!(cause, "it is for x86_64, and the architecture is arm64");
        assert!(hint.ends_with("or set the architecture to x86_64"), "{hint}");
        assert_eq!(why(&arm64, Architecture::X86_64), "it is for arm64, and the architecture is x86_64");
        let other = Executable { machine: 243, ..x86_64() };
        let told = "it is for another processor (ELF machine 243), and the architecture is x86_64";
        assert_eq!(why(&other, Architecture::X86_64), told);
    }

    #[test]
    fn a_newer_glibc_is_refused_by_name() {
        let mut executable = x86_64();
        executable.needs.extend(["GLIBC_2.38".to_owned(), "GLIBC_2.36".to_owned()]);
        let told = "it needs GLIBC_2.38, and Lambda's runtime has glibc 2.34";
        assert_eq!(why(&executable, Architecture::X86_64), told);
    }

    #[test]
    fn another_loader_is_refused() {
        let executable = executable(EM_X86_64.0, "/lib/ld-musl-x86_64.so.1");
        let told = "it is loaded by /lib/ld-musl-x86_64.so.1, which Lambda's runtime does not have";
        assert_eq!(why(&executable, Architecture::X86_64), told);
    }

    #[test]
    fn a_library_is_refused() {
        let executable = Executable { is_executable: false, ..x86_64() };
        assert_eq!(why(&executable, Architecture::X86_64), "it is an ELF file, but not a program");
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let error = check(None, Architecture::X86_64, "--bootstrap x").unwrap_err();
        assert_eq!(error.code, ErrorCode::ArtifactFailed);
        assert_eq!(error.cause.as_deref(), Some("it is not a whole 64-bit ELF file, as Linux runs them"));
        assert_eq!(error.resource.as_deref(), Some("--bootstrap x"));
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
}
