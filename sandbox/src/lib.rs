//! The whole service on one machine: AWS-shaped endpoints, a small Okta and SFTP, on loopback only.
