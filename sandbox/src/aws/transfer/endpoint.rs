//! What may be said and changed of an endpoint, and when (Transfer API reference, EndpointDetails). The texts are those that
//! the Terraform provider writes down (hashicorp/terraform-provider-aws, internal/service/transfer/server.go).

use serde_json::{Map, Value};

use super::ServerState;
use super::constraint::{ensure, invalid};
use crate::aws::wire::Refusal;

/// The most elastic IPs that an endpoint takes.
const MOST_ADDRESSES: usize = 3;

/// Checks the elastic IPs that a server would have.
pub(super) fn check_addresses(server: &Map<String, Value>) -> Result<(), Refusal> {
    let addresses = list(server, "AddressAllocationIds");
    if addresses.is_empty() {
        return Ok(());
    }
    let is = |member: &str, value: &str| server.get(member).and_then(Value::as_str) == Some(value);
    ensure(!is("IpAddressType", "DUALSTACK"), || invalid("AddressAllocationIds cannot be set for a DUALSTACK server"))?;
    let protocols = server.get("Protocols").and_then(Value::as_array);
    let has_ftp = protocols.is_some_and(|protocols| protocols.iter().any(|protocol| protocol == "FTP"));
    ensure(!has_ftp, || invalid("AddressAllocationIds cannot be set for a server with the protocol FTP"))?;
    let twice = addresses.iter().enumerate().any(|(at, id)| addresses.iter().skip(at + 1).any(|other| other == id));
    ensure(!twice, || invalid("AddressAllocationIds must not contain duplicates"))?;
    ensure(addresses.len() <= MOST_ADDRESSES, || invalid("At most 3 AddressAllocationIds can be set"))?;
    let subnets = list(server, "SubnetIds").len();
    ensure(addresses.len() == subnets, || invalid("AddressAllocationIds must be equal in length to SubnetIds"))
}

/// Checks how an update changes the endpoint of a server in `state`.
pub(super) fn check_change(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    state: ServerState,
) -> Result<(), Refusal> {
    let changes = |member: &str| before.get(member) != after.get(member);
    let changes_detail = |member: &str| detail(before, member) != detail(after, member);
    let changes_addresses = list(before, "AddressAllocationIds") != list(after, "AddressAllocationIds");
    let (had, has) = (list(before, "AddressAllocationIds"), list(after, "AddressAllocationIds"));
    for (changed, member) in [
        (changes("EndpointType"), "EndpointType"),
        (changes("IpAddressType"), "IpAddressType"),
        (changes_addresses, "AddressAllocationIds"),
    ] {
        ensure(!changed || state == ServerState::Offline, || {
            invalid(format!("Server must be OFFLINE to change {member}"))
        })?;
    }
    if changes("EndpointType") {
        return ensure(has.is_empty(), || {
            invalid("Cannot specify AddressAllocationids when updating server to EndpointType: VPC")
        });
    }
    ensure(!changes_detail("VpcId"), || invalid("Changing VpcId is not supported"))?;
    ensure(!changes_detail("SecurityGroupIds"), || invalid("Changing Security Group is not supported"))?;
    if changes_detail("SubnetIds") {
        ensure(had.is_empty(), || invalid("AddressAllocationIds must be removed before SubnetIds can be modified"))?;
        ensure(has.is_empty(), || {
            invalid("Specified SubnetIds must exist in the server before attaching AddressAllocationIds")
        })?;
    }
    Ok(())
}

fn detail<'s>(server: &'s Map<String, Value>, member: &str) -> Option<&'s Value> {
    server.get("EndpointDetails")?.get(member)
}

fn list<'s>(server: &'s Map<String, Value>, member: &str) -> &'s [Value] {
    detail(server, member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
