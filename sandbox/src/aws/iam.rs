//! Identity and Access Management, read only: the roles are those that CloudFormation made.
