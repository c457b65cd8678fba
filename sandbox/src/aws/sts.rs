//! Security Token Service.
