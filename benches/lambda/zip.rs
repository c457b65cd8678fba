//! Zips as the deployer makes them, for their size.

use std::fs;
use std::io::{self, Cursor, Write as _};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Bytes of a zip of these files and folders, without what Python has compiled.
pub(crate) fn size(paths: &[&Path]) -> io::Result<u64> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for path in paths {
        add(&mut zip, path, "")?;
    }
    Ok(zip.finish()?.into_inner().len().try_into().unwrap_or(u64::MAX))
}

fn add(zip: &mut ZipWriter<Cursor<Vec<u8>>>, path: &Path, parent: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name == "__pycache__" {
        return Ok(());
    }
    let name = format!("{parent}{name}");
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            add(zip, &entry?.path(), &format!("{name}/"))?;
        }
        return Ok(());
    }
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .unix_permissions(0o755);
    zip.start_file(name, options)?;
    zip.write_all(&fs::read(path)?)
}
