//! What a deployment costs while nobody uses it: a small table, with its date. Prices change and differ by region.

use serde::Serialize;

use crate::server::Server;

/// When the table was written down, and of what.
pub const AS_OF: &str = "November 2026, from AWS's price pages for us-east-1; look them up for your region";

/// Hours of a month, as AWS counts them.
const HOURS: f64 = 730.0;

/// One enabled protocol of a server, in USD an hour, ONLINE or not (AWS Transfer Family pricing, "SFTP, FTPS, FTP").
const SERVER_PROTOCOL: f64 = 0.30;
/// A customer managed key, in USD a month (AWS KMS pricing).
const KMS_KEY: f64 = 1.0;

/// Something that costs money by the hour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// What it is.
    pub what: String,
    /// USD an hour.
    pub usd_per_hour: f64,
    /// USD a month of 730 hours.
    pub usd_per_month: f64,
}

fn hourly(what: String, usd: f64) -> Cost {
    Cost { what, usd_per_hour: rounded(usd), usd_per_month: rounded(usd * HOURS) }
}

/// To four places: binary fractions are nobody's price.
fn rounded(usd: f64) -> f64 {
    (usd * 10_000.0).round() / 10_000.0
}

/// What a server costs: for each protocol, whatever its state.
#[must_use]
pub fn of_server(server: &Server) -> Cost {
    let protocols = f64::from(u32::try_from(server.protocols.len().max(1)).unwrap_or(1));
    hourly(format!("server {} ({})", server.id, server.state), SERVER_PROTOCOL * protocols)
}

/// What a stack's key costs. The rest of a stack is billed by use.
#[must_use]
pub fn of_stack(name: &str) -> Cost {
    hourly(format!("KMS key of stack {name}"), KMS_KEY / HOURS)
}

/// The sum of all.
#[must_use]
pub fn sum(costs: &[Cost]) -> Cost {
    hourly("together".to_owned(), costs.iter().map(|cost| cost.usd_per_hour).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::fixtures::server_as_wanted;

    #[test]
    fn a_server_is_billed_by_the_protocol() {
        let mut server = server_as_wanted();
        assert_eq!((of_server(&server).usd_per_hour, of_server(&server).usd_per_month), (0.3, 219.0));
        server.protocols = vec!["SFTP".into(), "FTPS".into()];
        assert_eq!(of_server(&server).usd_per_hour, 0.6);
        assert_eq!(of_stack("s").usd_per_month, 1.0);
        assert_eq!(sum(&[of_server(&server), of_stack("s")]).usd_per_hour, 0.6014);
    }
}
