//! What calls and answers look like, in each of the three ways the SDKs speak: awsQuery, awsJson and REST.

pub(crate) mod answer;
pub(crate) mod call;
pub(crate) mod query;
pub(crate) mod xml;

pub(crate) use answer::{Answer, Refusal};
pub(crate) use call::{Call, Scope};
