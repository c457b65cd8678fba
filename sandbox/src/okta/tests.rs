//! The org over HTTP, as the function and a person with curl see it.

mod factors;
mod service_app;
mod sign_in;
mod stand;
