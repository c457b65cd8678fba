//! SigV4: verifies and signs; temporary credentials of roles.
