//! What a deployment costs while it runs.

use crate::prices::{MonthlyCost, Priced, monthly};
use crate::settings::Settings;

/// The mark of a resource's type in the template.
const TYPE: &str = "    Type: ";

/// What the server and the resources of `template` cost in a month. But for the dashboard, what is made on a condition
/// counts as made.
pub(super) fn of_deployment(settings: &Settings, template: &str) -> MonthlyCost {
    let types = template.lines().filter_map(|line| line.strip_prefix(TYPE));
    let priced = types.filter_map(|kind| Priced::of_resource_type(kind.trim()));
    let priced = priced.filter(|what| settings.alarms.dashboard || *what != Priced::Dashboard);
    monthly(std::iter::once(Priced::TransferServer).chain(priced))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{ConfigFile, Given, Value, resolve};

    fn of(dashboard: &str) -> Vec<Priced> {
        let given = Given {
            name: Some(Value::flag("name", "demo")),
            okta_org: Some(Value::flag("okta-org", "https://acme.okta.com")),
            bucket: Some(Value::flag("bucket", "acme-files")),
            ..Given::default()
        };
        let file = ConfigFile { path: "f".into(), text: format!("alarms.dashboard = {dashboard}") };
        let settings = resolve(&given, Some(&file)).unwrap();
        let cost = of_deployment(&settings, crate::stack::TEMPLATE);
        cost.items.into_iter().map(|item| item.what).collect()
    }

    #[test]
    fn what_is_billed_by_time_is_in_the_sum_and_a_dashboard_only_where_there_is_one() {
        use Priced::{Alarm, Dashboard, KmsKey, TransferServer};
        assert_eq!(of("false"), [TransferServer, KmsKey, Alarm]);
        assert_eq!(of("true"), [TransferServer, Dashboard, KmsKey, Alarm]);
    }
}
