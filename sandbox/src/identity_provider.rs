//! Asks the identity provider as Transfer does.
