//! A deployed server.

use super::{Finding, Level};
use crate::server::{Server, ServerStep};

/// The first month whose policies know today's key exchanges (Transfer Family User Guide, "Security policies for servers").
const RECENT: (u16, u8) = (2024, 1);

/// What a server's own settings say.
#[must_use]
pub fn audit(server: &Server) -> Vec<Finding> {
    let state = match server.state.for_deploy() {
        ServerStep::Ready => Finding::new("server", Level::Ok, format!("server {} is {}", server.id, server.state)),
        ServerStep::Wait | ServerStep::Start => {
            Finding::new("server", Level::Warning, format!("server {} is {}", server.id, server.state))
                .remedy("sftp-okta deploy")
        }
        ServerStep::Failed { why, next } => {
            Finding::new("server", Level::Error, format!("server {} is {}: {why}", server.id, server.state))
                .remedy(next.replace("{server}", &server.id))
        }
    };
    vec![state, security_policy(&server.security_policy), listing(server), logging(server), endpoint(server)]
}

fn security_policy(name: &str) -> Finding {
    let finding = |level, message: String| Finding::new("security-policy", level, message);
    let newer = "set server.security_policy to a newer one, such as TransferSecurityPolicy-2025-03, and deploy";
    match month(name) {
        Some(month) if month >= RECENT => finding(Level::Ok, format!("security policy {name}")),
        Some(_) => {
            finding(Level::Warning, format!("security policy {name} lets clients use outdated ciphers")).remedy(newer)
        }
        None => finding(Level::Info, format!("the age of security policy {name} cannot be told from its name")),
    }
}

/// The month in a policy's name: `TransferSecurityPolicy-FIPS-2024-05`, `TransferSecurityPolicy-2025-03`.
fn month(name: &str) -> Option<(u16, u8)> {
    let mut parts = name.split('-').skip_while(|part| part.parse::<u16>().is_err());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn listing(server: &Server) -> Finding {
    match server.directory_listing_optimization {
        true => Finding::new("listing-optimisation", Level::Ok, "directory listings are optimised"),
        false => Finding::new(
            "listing-optimisation",
            Level::Warning,
            "directory listings are not optimised: folders with many files are slow, and homes have to exist",
        )
        .remedy("remove server.directory_listing_optimization = false, and deploy"),
    }
}

fn logging(server: &Server) -> Finding {
    match server.log_destinations.is_empty() {
        false => Finding::new("server-log", Level::Ok, "sessions and file operations are logged"),
        true => Finding::new("server-log", Level::Error, "sessions and file operations are not logged")
            .remedy("sftp-okta deploy sets the log group again"),
    }
}

fn endpoint(server: &Server) -> Finding {
    match server.endpoint_type.as_str() {
        "PUBLIC" => Finding::new("endpoint", Level::Info, "the server is reached from the whole internet").remedy(
            "where clients have known networks, limit them with allow_from in [[access]], or use a VPC endpoint",
        ),
        kind => Finding::new("endpoint", Level::Info, format!("the server is reached through its {kind} endpoint")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ServerState;
    use crate::server::fixtures::server_as_wanted;

    fn level(server: &Server, check: &str) -> Level {
        audit(server).into_iter().find(|finding| finding.check == check).map(|finding| finding.level).unwrap()
    }

    #[test]
    fn what_deploy_makes_is_well() {
        let server = server_as_wanted();
        let worst = audit(&server).into_iter().map(|finding| finding.level).max();
        assert_eq!(worst, Some(Level::Info), "{:#?}", audit(&server));
    }

    #[test]
    fn each_setting_has_its_finding() {
        let mut server = server_as_wanted();
        server.state = ServerState::StartFailed;
        server.log_destinations.clear();
        server.directory_listing_optimization = false;
        assert_eq!(level(&server, "server"), Level::Error);
        assert_eq!(level(&server, "server-log"), Level::Error);
        assert_eq!(level(&server, "listing-optimisation"), Level::Warning);
        for (policy, expected) in [
            ("TransferSecurityPolicy-2018-11", Level::Warning),
            ("TransferSecurityPolicy-2023-05", Level::Warning),
            ("TransferSecurityPolicy-2024-01", Level::Ok),
            ("TransferSecurityPolicy-FIPS-2024-05", Level::Ok),
            ("TransferSecurityPolicy-PQ-SSH-Experimental-2023-04", Level::Warning),
            ("TransferSecurityPolicy-New", Level::Info),
        ] {
            server.security_policy = policy.into();
            assert_eq!(level(&server, "security-policy"), expected, "{policy}");
        }
    }
}
