//! What a deployment costs while it runs, from a small table with its date and source. Pure.
//!
//! Only what is billed by time is in it. What is billed by volume (transferred bytes, requests, log lines, stored files) is
//! named and not counted: nobody knows it beforehand.

use std::fmt;

use serde::{Serialize, Serializer};

/// When the table was written down.
pub const AS_OF: &str = "November 2026";

/// Where the prices are from.
pub const SOURCE: &str = "AWS's public price pages for us-east-1, on demand; other regions differ";

/// What is billed by volume, and so is in no sum.
pub const BY_VOLUME: &str = "transferred data (USD 0.04 per GB each way), requests, logs and stored files come on top";

/// AWS's own month for prices by the hour (AWS Pricing Calculator).
const HOURS_OF_A_MONTH: u64 = 730;

/// An amount in USD, kept in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Usd {
    cents: u64,
}

/// A thing that is billed by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priced {
    /// A Transfer server with one protocol, in any state: a stopped one is billed too (Transfer Family API reference,
    /// Welcome).
    TransferServer,
    /// A customer managed KMS key. One that is scheduled for deletion costs nothing (AWS KMS pricing).
    KmsKey,
    /// A CloudWatch alarm on one metric of standard resolution.
    Alarm,
    /// A CloudWatch dashboard. The first three of an account are free, which is not counted here.
    Dashboard,
    /// A public IPv4 address, in use or not.
    PublicIpv4,
}

/// A row of the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// What is billed.
    pub what: Priced,
    /// How many of it.
    pub count: u64,
    /// What all of them cost in a month.
    pub usd_per_month: Usd,
}

/// What runs costs in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonthlyCost {
    /// All rows together.
    pub usd_per_month: Usd,
    /// The rows, dearest first.
    pub items: Vec<Cost>,
    /// When the prices were written down.
    pub as_of: &'static str,
    /// Where they are from.
    pub source: &'static str,
}

impl Priced {
    /// What a month of one costs.
    #[must_use]
    pub const fn usd_per_month(self) -> Usd {
        let cents = match self {
            // USD 0.30 an hour for each enabled protocol.
            Self::TransferServer => 30 * HOURS_OF_A_MONTH,
            Self::KmsKey => 100,
            Self::Alarm => 10,
            Self::Dashboard => 300,
            // USD 0.005 an hour.
            Self::PublicIpv4 => HOURS_OF_A_MONTH / 2,
        };
        Usd { cents }
    }

    /// What a resource of a stack is billed as; `None` where it costs nothing by time.
    #[must_use]
    pub fn of_resource_type(resource_type: &str) -> Option<Self> {
        match resource_type {
            "AWS::Transfer::Server" => Some(Self::TransferServer),
            "AWS::KMS::Key" => Some(Self::KmsKey),
            "AWS::CloudWatch::Alarm" => Some(Self::Alarm),
            "AWS::CloudWatch::Dashboard" => Some(Self::Dashboard),
            "AWS::EC2::EIP" => Some(Self::PublicIpv4),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::TransferServer => "Transfer server",
            Self::KmsKey => "KMS key",
            Self::Alarm => "CloudWatch alarm",
            Self::Dashboard => "CloudWatch dashboard",
            Self::PublicIpv4 => "public IPv4 address",
        }
    }
}

/// Adds up what runs: each thing as often as it is there.
#[must_use]
pub fn monthly(things: impl IntoIterator<Item = Priced>) -> MonthlyCost {
    let mut items: Vec<Cost> = Vec::new();
    for what in things {
        let each = what.usd_per_month();
        match items.iter_mut().find(|item| item.what == what) {
            Some(item) => {
                item.count += 1;
                item.usd_per_month = item.usd_per_month + each;
            }
            None => items.push(Cost { what, count: 1, usd_per_month: each }),
        }
    }
    items.sort_by_key(|item| (std::cmp::Reverse(item.usd_per_month), item.what));
    let total = items.iter().fold(Usd::default(), |sum, item| sum + item.usd_per_month);
    MonthlyCost { usd_per_month: total, items, as_of: AS_OF, source: SOURCE }
}

impl MonthlyCost {
    /// The sum in one sentence: "about USD 220.00 a month (Transfer server 219.00, KMS key 1.00)".
    #[must_use]
    pub fn sentence(&self) -> String {
        let items: Vec<String> = self
            .items
            .iter()
            .map(|item| match item.count {
                1 => format!("{} {}", item.what, item.usd_per_month),
                count => format!("{count} × {} {}", item.what, item.usd_per_month),
            })
            .collect();
        match items.as_slice() {
            [] => "nothing that is billed by the hour or the month".to_owned(),
            items => format!("about USD {} a month ({})", self.usd_per_month, items.join(", ")),
        }
    }
}

impl std::ops::Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { cents: self.cents.saturating_add(other.cents) }
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:02}", self.cents / 100, self.cents % 100)
    }
}

impl Serialize for Usd {
    /// As a number of USD.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Exact far beyond any bill: an f64 holds whole numbers up to 2^53.
        #[expect(clippy::cast_precision_loss, reason = "a bill is far below 2^53 cents")]
        serializer.serialize_f64(self.cents as f64 / 100.0)
    }
}

impl fmt::Display for Priced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Serialize for Priced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_added_up() {
        let cost = monthly([Priced::KmsKey, Priced::TransferServer, Priced::Alarm, Priced::Alarm]);
        insta::assert_snapshot!(cost.sentence(), @"about USD 220.20 a month (Transfer server 219.00, KMS key 1.00, 2 × CloudWatch alarm 0.20)");
        let json = serde_json::to_value(&cost).unwrap();
        assert_eq!(json["usd_per_month"], 220.2);
        assert_eq!(json["items"][2], serde_json::json!({"what": "CloudWatch alarm", "count": 2, "usd_per_month": 0.2}));
        assert_eq!(monthly([]).sentence(), "nothing that is billed by the hour or the month");
    }

    #[test]
    fn an_hour_is_worth_what_the_price_page_says() {
        assert_eq!(Priced::TransferServer.usd_per_month().to_string(), "219.00");
        assert_eq!(Priced::PublicIpv4.usd_per_month().to_string(), "3.65");
    }

    #[test]
    fn resources_without_a_price_by_time_are_in_no_sum() {
        assert_eq!(Priced::of_resource_type("AWS::KMS::Key"), Some(Priced::KmsKey));
        assert_eq!(Priced::of_resource_type("AWS::IAM::Role"), None);
    }
}
