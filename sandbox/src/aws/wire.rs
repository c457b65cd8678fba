//! One port for every service: which of them a request is for, and the shape its answer has.

pub(crate) mod answer;
pub(crate) mod call;

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::state::World;

pub(crate) use answer::{Answer, Refusal};
pub(crate) use call::Call;

/// Answers until the sandbox is stopped.
pub(crate) async fn serve(world: Arc<World>, listener: TcpListener) {
    let _ = (world, listener);
}
