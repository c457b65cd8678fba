//! Where the server can be reached.

use crate::error::Result;

use super::super::check::server;
use super::super::document::Section;
use super::super::layout;
use super::super::lookup::{Rule, checked};
use super::super::origin::{Located, Wrong};
use super::super::resolved::Endpoint;
use super::Sections;

/// The most elastic IPs that an endpoint takes (Transfer Family API reference, EndpointDetails).
const MOST_ELASTIC_IPS: usize = 3;

const FORM: &str = "write endpoint = \"public\", or endpoint = { vpc = \"vpc-…\", subnets = [\"subnet-…\"] }";

impl Sections<'_> {
    pub(super) fn endpoint(&self) -> Result<Endpoint> {
        let Some(server) = self.server.filter(|section| section.has("endpoint")) else { return Ok(Endpoint::Public) };
        if !server.is_section("endpoint") {
            return match server.text("endpoint")? {
                Some(word) if word.value != "public" => {
                    Err(Wrong::new("is not an endpoint", "there are \"public\" and a table with a VPC", FORM)
                        .at(&word.origin, &word.value))
                }
                _ => Ok(Endpoint::Public),
            };
        }
        let Some(section) = server.section("endpoint", "server.endpoint")? else { return Ok(Endpoint::Public) };
        section.allow(layout::ENDPOINT)?;
        let Some(vpc) = checked(section.text("vpc")?, server::vpc)? else {
            return Err(section.here().error("has no vpc").hint(FORM));
        };
        let ids = |key, rule: Rule<str, String>| -> Result<Vec<String>> {
            section.texts(key)?.into_iter().map(|id| id.try_map(rule).map(|id| id.value)).collect()
        };
        let (subnets, security_groups) =
            (ids("subnets", server::subnet)?, ids("security_groups", server::security_group)?);
        if subnets.is_empty() {
            return Err(section.here().error("has no subnets").cause("a VPC endpoint lies in subnets").hint(FORM));
        }
        let elastic_ips = elastic_ips(&section, subnets.len())?;
        Ok(Endpoint::Vpc { vpc: vpc.value, subnets, security_groups, elastic_ips })
    }
}

/// None, or one for each subnet, each once, and at most three (Transfer Family API reference, EndpointDetails).
fn elastic_ips(section: &Section<'_>, subnets: usize) -> Result<Vec<String>> {
    let mut ids: Vec<String> = Vec::new();
    for Located { value: text, origin } in section.texts("elastic_ips")? {
        let id = server::elastic_ip(&text).map_err(|wrong| wrong.at(&origin, &text))?;
        if ids.contains(&id) {
            let why = "an address belongs to one subnet";
            return Err(
                Wrong::new("stands there twice", why, "give each subnet an address of its own").at(&origin, &id)
            );
        }
        if ids.len() == MOST_ELASTIC_IPS {
            let why = "Transfer takes at most three elastic IPs";
            return Err(Wrong::new("is one too many", why, "write up to three, and as many subnets").at(&origin, &id));
        }
        ids.push(id);
    }
    if !ids.is_empty() && ids.len() != subnets {
        let counted =
            |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
        return Err(section
            .origin_of("elastic_ips")
            .error("does not fit the subnets")
            .cause(format!(
                "there are {} and {}, and each subnet takes one address",
                counted(subnets, "subnet"),
                counted(ids.len(), "elastic IP")
            ))
            .hint("write one allocation id for each subnet, or none for an endpoint that the VPC alone reaches"));
    }
    Ok(ids)
}
