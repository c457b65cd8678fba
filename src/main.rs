//! `sftp-okta`, the program. What it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    sftp_okta::cli::run(std::env::args_os())
}
