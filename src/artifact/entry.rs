//! How a file lies in the function's zip. `build.rs` uses this file too: the function that the program carries is packed
//! when it is built, so that the program is half its size smaller and a deploy has nothing left to compress.

use std::io::{Cursor, Write as _};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The name under which Lambda's `provided` runtimes look for the program.
pub(crate) const BOOTSTRAP: &str = "bootstrap";

/// Fixed time and mode, and the smallest form: the same content always gives the same bytes.
pub(crate) fn options(mode: u32) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(mode)
}

/// A zip that holds `bootstrap` and nothing else.
pub(crate) fn packed(bootstrap: &[u8]) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(BOOTSTRAP, options(0o755))?;
    zip.write_all(bootstrap)?;
    Ok(zip.finish()?.into_inner())
}
