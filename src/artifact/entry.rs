//! The two files in the function's zip. `build.rs` has this file, too: it begins the zip, and each deploy ends it.

use std::io::{Cursor, Write as _};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A zip that holds `bootstrap` alone.
///
/// # Errors
/// What the writer of zips says.
pub(crate) fn begin(bootstrap: &[u8]) -> ZipResult<Vec<u8>> {
    add(ZipWriter::new(Cursor::new(Vec::new())), "bootstrap", 0o755, bootstrap)
}

/// The same zip with `settings.json` behind it; the bytes are those of a zip that was written in one go.
///
/// # Errors
/// When `begun` is no zip.
pub(crate) fn end(begun: Vec<u8>, settings_json: &str) -> ZipResult<Vec<u8>> {
    add(ZipWriter::new_append(Cursor::new(begun))?, "settings.json", 0o644, settings_json.as_bytes())
}

fn add(mut zip: ZipWriter<Cursor<Vec<u8>>>, name: &str, mode: u32, content: &[u8]) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(mode);
    zip.start_file(name, options)?;
    zip.write_all(content)?;
    Ok(zip.finish()?.into_inner())
}
