//! The function's zip: what is in it, where its binary comes from, and the bucket that keeps it.
