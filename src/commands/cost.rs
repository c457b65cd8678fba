//! What a deployment costs while it runs.

use crate::prices::{MonthlyCost, Priced, monthly};
use crate::settings::{Endpoint, Settings};

/// The mark of a resource's type in the template.
const TYPE: &str = "    Type: ";

/// What the server, its elastic IPs and the resources of `template` cost in a month. But for the dashboard, what is made on a condition
/// counts as made.
pub(super) fn of_deployment(settings: &Settings, template: &str) -> MonthlyCost {
    let types = template.lines().filter_map(|line| line.strip_prefix(TYPE));
    let priced = types.filter_map(|kind| Priced::of_resource_type(kind.trim()));
    let priced = priced.filter(|what| settings.alarms.dashboard || *what != Priced::Dashboard);
    let addresses = match &settings.server.endpoint {
        Endpoint::Public => 0,
        Endpoint::Vpc { elastic_ips, .. } => elastic_ips.len(),
    };
    let addresses = std::iter::repeat_n(Priced::PublicIpv4, addresses);
    monthly(std::iter::once(Priced::TransferServer).chain(addresses).chain(priced))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{ConfigFile, Given, Value, resolve};

    fn of(more: &str) -> Vec<Priced> {
        let given = Given {
            name: Some(Value::flag("name", "demo")),
            okta_org: Some(Value::flag("okta-org", "https://acme.okta.com")),
            bucket: Some(Value::flag("bucket", "acme-files")),
            ..Given::default()
        };
        let file = ConfigFile { path: "f".into(), text: more.to_owned() };
        let settings = resolve(&given, Some(&file)).unwrap();
        let cost = of_deployment(&settings, crate::stack::TEMPLATE);
        cost.items.into_iter().map(|item| item.what).collect()
    }

    #[test]
    fn what_is_billed_by_time_is_in_the_sum_and_a_dashboard_only_where_there_is_one() {
        use Priced::{Alarm, Dashboard, KmsKey, TransferServer};
        assert_eq!(of("alarms.dashboard = false"), [TransferServer, KmsKey, Alarm]);
        assert_eq!(of("alarms.dashboard = true"), [TransferServer, Dashboard, KmsKey, Alarm]);
    }

    #[test]
    fn elastic_ips_are_in_the_sum() {
        use Priced::{Alarm, KmsKey, PublicIpv4, TransferServer};
        let endpoint = "alarms.dashboard = false\n[server.endpoint]\nvpc = \"vpc-1a2b3c4d\"\n\
                        subnets = [\"subnet-1a2b3c4d\"]\nelastic_ips = [\"eipalloc-1a2b3c4d\"]";
        assert_eq!(of(endpoint), [TransferServer, PublicIpv4, KmsKey, Alarm]);
    }
}
