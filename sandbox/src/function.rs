//! Lambda: runs the zip's `bootstrap` as a child process.

use crate::state::World;

/// The functions that are kept warm.
#[derive(Debug, Default)]
pub(crate) struct Functions {}

/// Ends every child.
pub(crate) async fn stop(world: &World) {
    let _ = world;
}
