//! What a deployment costs, from a small table with its date and sources. Pure.
//!
//! What is billed by time is added up. What is billed by use (transferred bytes, requests, log lines, stored files) is named
//! with its price and is in no sum: nobody knows beforehand how much of it there will be.

mod running;

use std::fmt;

use serde::{Serialize, Serializer};

pub use running::{Running, RunningServer, RunningStack, monthly};

/// When the table was written down, from what AWS's price pages said then.
pub const AS_OF: &str = "November 2026";

/// The region whose prices these are.
pub const REGION: &str = "us-east-1";

/// Where the prices are from; each row names its own page.
pub const SOURCE: &str =
    "AWS's public price pages for us-east-1, on demand, free tiers not counted; other regions differ";

const TRANSFER: &str = "https://aws.amazon.com/aws-transfer-family/pricing/";
const KMS: &str = "https://aws.amazon.com/kms/pricing/";
const CLOUDWATCH: &str = "https://aws.amazon.com/cloudwatch/pricing/";
const API_GATEWAY: &str = "https://aws.amazon.com/api-gateway/pricing/";
const LAMBDA: &str = "https://aws.amazon.com/lambda/pricing/";
const S3: &str = "https://aws.amazon.com/s3/pricing/";
const VPC: &str = "https://aws.amazon.com/vpc/pricing/";
const PRIVATELINK: &str = "https://aws.amazon.com/privatelink/pricing/";
const SECRETS_MANAGER: &str = "https://aws.amazon.com/secrets-manager/pricing/";

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
    /// One protocol of a Transfer server, in any state: a stopped server is billed too (Transfer Family API reference,
    /// Welcome). Ours have one protocol.
    TransferServer,
    /// A customer managed KMS key in its first year: each of its first two rotations adds the same again. One that is
    /// scheduled for deletion costs nothing.
    KmsKey,
    /// A CloudWatch alarm on one metric of standard resolution.
    Alarm,
    /// A CloudWatch dashboard.
    Dashboard,
    /// A metric that the function writes beside its log lines. Billed for the hours in which there are sign-ins, so this is
    /// the most it can be.
    Metric,
    /// A metric of the API's method, which is billed as one of one's own, unlike those of the stage (API Gateway Developer
    /// Guide, "Modify stage settings"). The most it can be, too.
    MethodMetric,
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
    /// The page with the price.
    pub source: &'static str,
}

/// Something that is billed by how much it is used. It is in no sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ByUse {
    /// What is billed.
    pub what: &'static str,
    /// Its price in USD, in words.
    pub price: &'static str,
    /// The page with the price.
    pub source: &'static str,
}

/// What runs costs in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonthlyCost {
    /// All rows together.
    pub usd_per_month: Usd,
    /// The rows, dearest first.
    pub items: Vec<Cost>,
    /// What comes on top, by use.
    pub by_use: Vec<ByUse>,
    /// When the prices were written down.
    pub as_of: &'static str,
    /// The region whose prices they are.
    pub region: &'static str,
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
            // The first 10,000 metrics of an account.
            Self::Metric | Self::MethodMetric => 30,
            // USD 0.005 an hour.
            Self::PublicIpv4 => HOURS_OF_A_MONTH / 2,
        };
        Usd { cents }
    }

    /// The page with its price.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::TransferServer => TRANSFER,
            Self::KmsKey => KMS,
            Self::Alarm | Self::Dashboard | Self::Metric | Self::MethodMetric => CLOUDWATCH,
            Self::PublicIpv4 => VPC,
        }
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
            Self::Metric => "CloudWatch metric",
            Self::MethodMetric => "API method metric",
            Self::PublicIpv4 => "public IPv4 address",
        }
    }
}

impl ByUse {
    const DATA: Self = Self { what: "transferred data", price: "0.04 per GB each way", source: TRANSFER };
    const API_CALLS: Self = Self { what: "API calls", price: "3.50 per million", source: API_GATEWAY };
    const FUNCTION_CALLS: Self =
        Self { what: "function calls", price: "0.20 per million and 0.0000167 per GB and second", source: LAMBDA };
    const REASONS: Self =
        Self { what: "a metric for each reason of refusals", price: "0.30 a month", source: CLOUDWATCH };
    const LOGS: Self =
        Self { what: "logs", price: "0.50 per GB written and 0.03 per GB and month kept", source: CLOUDWATCH };
    const KEY_CALLS: Self = Self { what: "key calls", price: "0.03 per 10,000", source: KMS };
    const FILES: Self = Self { what: "stored files", price: "0.023 per GB and month", source: S3 };
    /// AWS says that some services' own prices include these endpoints, and not whether Transfer Family's does.
    const VPC_ENDPOINT: Self = Self {
        what: "the VPC endpoint, if it is billed apart",
        price: "0.01 an hour and subnet and 0.01 per GB",
        source: PRIVATELINK,
    };
    /// Not made here, and so no cost of the deployment's.
    const SECRET: Self =
        Self { what: "the service app's secret, which is your own", price: "0.40 a month", source: SECRETS_MANAGER };
}

impl Cost {
    /// What is billed, and how many of it: "2 × CloudWatch alarm".
    #[must_use]
    pub fn name(&self) -> String {
        match self.count {
            1 => self.what.to_string(),
            count => format!("{count} × {}", self.what),
        }
    }
}

/// Adds up things: each as often as it is there.
#[must_use]
pub fn sum(things: impl IntoIterator<Item = Priced>, by_use: Vec<ByUse>) -> MonthlyCost {
    let mut items: Vec<Cost> = Vec::new();
    for what in things {
        let each = what.usd_per_month();
        match items.iter_mut().find(|item| item.what == what) {
            Some(item) => {
                item.count += 1;
                item.usd_per_month = item.usd_per_month + each;
            }
            None => items.push(Cost { what, count: 1, usd_per_month: each, source: what.source() }),
        }
    }
    items.sort_by_key(|item| (std::cmp::Reverse(item.usd_per_month), item.what));
    let total = items.iter().fold(Usd::default(), |sum, item| sum + item.usd_per_month);
    MonthlyCost { usd_per_month: total, items, by_use, as_of: AS_OF, region: REGION, source: SOURCE }
}

/// What goes on costing when only these are left, by the types of resources: buckets by what they hold.
#[must_use]
pub fn of_resource_types<'a>(types: impl IntoIterator<Item = &'a str>) -> MonthlyCost {
    let types: Vec<&str> = types.into_iter().collect();
    let by_use = types.contains(&"AWS::S3::Bucket").then_some(ByUse::FILES).into_iter().collect();
    sum(types.into_iter().filter_map(Priced::of_resource_type), by_use)
}

impl MonthlyCost {
    /// The sum alone: "about USD 220.00 a month".
    #[must_use]
    pub fn total(&self) -> String {
        match self.items.as_slice() {
            [] => "nothing that is billed by the hour or the month".to_owned(),
            _ => format!("about USD {} a month", self.usd_per_month),
        }
    }

    /// The sum in one sentence: "about USD 220.00 a month (Transfer server 219.00, KMS key 1.00)".
    #[must_use]
    pub fn sentence(&self) -> String {
        let items: Vec<String> =
            self.items.iter().map(|item| format!("{} {}", item.name(), item.usd_per_month)).collect();
        if items.is_empty() { self.total() } else { format!("{} ({})", self.total(), items.join(", ")) }
    }

    /// What comes on top by use, each with its price in USD: "stored files 0.023 per GB and month".
    #[must_use]
    pub fn on_top(&self) -> Vec<String> {
        self.by_use.iter().map(|row| format!("{} {}", row.what, row.price)).collect()
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
    fn things_are_added_up_the_dearest_first() {
        let cost = sum([Priced::KmsKey, Priced::TransferServer, Priced::Alarm, Priced::Alarm], vec![ByUse::DATA]);
        insta::assert_snapshot!(cost.sentence(), @"about USD 220.20 a month (Transfer server 219.00, KMS key 1.00, 2 × CloudWatch alarm 0.20)");
        insta::assert_snapshot!(cost.on_top().join("; "), @"transferred data 0.04 per GB each way");
        let json = serde_json::to_value(&cost).unwrap();
        assert_eq!(json["usd_per_month"], 220.2);
        assert_eq!(
            json["items"][2],
            serde_json::json!({"what": "CloudWatch alarm", "count": 2, "usd_per_month": 0.2, "source": CLOUDWATCH})
        );
        let nothing = sum([], Vec::new());
        assert_eq!(nothing.sentence(), "nothing that is billed by the hour or the month");
        assert_eq!(nothing.on_top(), [""; 0]);
    }

    #[test]
    fn an_hour_is_worth_what_the_price_page_says() {
        assert_eq!(Priced::TransferServer.usd_per_month().to_string(), "219.00");
        assert_eq!(Priced::PublicIpv4.usd_per_month().to_string(), "3.65");
    }

    #[test]
    fn what_is_left_costs_by_its_type() {
        assert_eq!(Priced::of_resource_type("AWS::IAM::Role"), None);
        let left = of_resource_types(["AWS::S3::Bucket", "AWS::KMS::Key", "AWS::S3::Bucket"]);
        assert_eq!(left.sentence(), "about USD 1.00 a month (KMS key 1.00)");
        assert_eq!(left.by_use, [ByUse::FILES]);
        assert_eq!(of_resource_types([]).by_use, []);
    }
}
