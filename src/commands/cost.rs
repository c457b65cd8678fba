//! What a deployment costs while it runs.

use crate::prices::{MonthlyCost, Priced, monthly};

/// The mark of a resource's type in the template.
const TYPE: &str = "    Type: ";

/// What the server and the resources of `template` cost in a month. What is made on a condition counts as made.
pub(super) fn of_deployment(template: &str) -> MonthlyCost {
    let types = template.lines().filter_map(|line| line.strip_prefix(TYPE));
    monthly(
        std::iter::once(Priced::TransferServer).chain(types.filter_map(|kind| Priced::of_resource_type(kind.trim()))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_and_key_are_what_is_billed_by_time() {
        let cost = of_deployment(crate::stack::TEMPLATE);
        let items: Vec<(Priced, bool)> = cost.items.iter().map(|item| (item.what, item.count > 0)).collect();
        assert!(
            items.contains(&(Priced::TransferServer, true)) && items.contains(&(Priced::KmsKey, true)),
            "{items:?}"
        );
    }
}
