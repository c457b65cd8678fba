//! A call of one action of one service, however it was sent.

/// A call of awsQuery or awsJson.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The action, such as `CreateServer`.
    pub(crate) action: String,
    /// The region of the credential scope.
    pub(crate) region: String,
    /// The access key id that signed it; empty when it was not signed.
    pub(crate) access_key: String,
    /// The id that the answer carries.
    pub(crate) request_id: String,
}
