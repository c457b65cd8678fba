//! Security policies: the names that AWS lists, and what stands in one.
//!
//! Names: AWS Transfer Family user guide, "Security policies for AWS Transfer Family servers". The algorithms shown are those
//! the sandbox's own listener offers, not AWS's list.

use serde_json::{Value, json};

use crate::aws::wire::Refusal;

const NAMES: [&str; 18] = [
    "TransferSecurityPolicy-2018-11",
    "TransferSecurityPolicy-2020-06",
    "TransferSecurityPolicy-2022-03",
    "TransferSecurityPolicy-2023-05",
    "TransferSecurityPolicy-2024-01",
    "TransferSecurityPolicy-2025-03",
    "TransferSecurityPolicy-AS2Restricted-2025-07",
    "TransferSecurityPolicy-FIPS-2020-06",
    "TransferSecurityPolicy-FIPS-2023-05",
    "TransferSecurityPolicy-FIPS-2024-01",
    "TransferSecurityPolicy-FIPS-2024-05",
    "TransferSecurityPolicy-FIPS-2025-03",
    "TransferSecurityPolicy-PQ-SSH-Experimental-2023-04",
    "TransferSecurityPolicy-PQ-SSH-FIPS-Experimental-2023-04",
    "TransferSecurityPolicy-Restricted-2018-11",
    "TransferSecurityPolicy-Restricted-2020-06",
    "TransferSecurityPolicy-Restricted-2024-06",
    "TransferSecurityPolicy-SshAuditCompliant-2025-02",
];

/// Whether AWS knows a policy of that name.
pub(super) fn exists(name: &str) -> bool {
    NAMES.contains(&name)
}

/// All names, as ListSecurityPolicies gives them.
pub(super) fn names() -> Vec<Value> {
    NAMES.iter().map(|name| json!(name)).collect()
}

/// One policy, as DescribeSecurityPolicy gives it.
pub(super) fn describe(name: &str) -> Result<Value, Refusal> {
    if !exists(name) {
        return Err(Refusal::new("ResourceNotFoundException", "Unknown security policy")
            .member("Resource", name)
            .member("ResourceType", "SecurityPolicy"));
    }
    Ok(json!({"SecurityPolicy": {
        "SecurityPolicyName": name,
        "Type": "SERVER",
        "Protocols": ["SFTP"],
        "Fips": name.contains("FIPS"),
        "SshCiphers": ["aes256-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
        "SshKexs": ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384"],
        "SshMacs": ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
    }}))
}
