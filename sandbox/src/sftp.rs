//! SFTP: a listener for each server that is ONLINE.

use std::sync::Arc;

use crate::state::World;

/// Keeps the listeners equal to the servers that are ONLINE, and tells the world which are open.
pub(crate) async fn run(world: Arc<World>) {
    let _ = world;
}
