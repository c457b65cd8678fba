//! Each support module proves here, by plain HTTP, that it does what the tests of the deployer will rely on.

mod aws_proxy;
mod cli;
mod gateway;
mod ministack;
mod okta;
mod transfer;
mod venv;
