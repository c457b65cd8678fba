//! Whole flows over the SDK's own client, against a scripted CloudFormation: what is asked, in which order, and what
//! becomes of each answer.

mod changes;
mod creation;
mod deletion;
mod preview;
mod scene;
mod stale;
mod waiting;
