//! A fault injector nobody here wrote, in front of an endpoint: it answers as the services do, by their own models.

use serde_json::Value;

use super::emulator::Emulator;
use super::loopback;

/// A running microburst; it ends with this value.
pub(crate) struct Microburst(Emulator);

impl Microburst {
    /// Starts one that passes everything on.
    pub(crate) fn in_front_of(endpoint: &str) -> Self {
        Self(Emulator::start("microburst", "/_microburst/health", |command, _, port| {
            // Never signing anew: what is in front of is no AWS.
            let port = port.to_string();
            command.args(["--host", "127.0.0.1", "--port", &port, "--upstream", endpoint, "--no-resign"]);
        }))
    }

    /// Where the deployer is to be sent, by name: for a host with a dot in it microburst would first read the models of all
    /// of AWS's services, which takes it ten seconds and half a gigabyte.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://localhost:{}", self.0.port())
    }

    /// What goes wrong from now on, in place of what did so far.
    pub(crate) fn rules(&self, rules: &Value) {
        let url = format!("{}/_microburst/rules", self.endpoint());
        let answer = loopback::post(&url, &[("content-type", "application/json")], rules.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{}\n{}", answer.text(), self.0.log());
    }

    /// The operations that something went wrong for, each as often as it did, in order.
    pub(crate) fn fired(&self) -> Vec<String> {
        let fired = loopback::get(&format!("{}/_microburst/fired?limit=2000", self.endpoint())).unwrap().json();
        let operation = |event: &Value| event["operation"].as_str().unwrap_or_default().to_owned();
        fired.as_array().expect("a list of events").iter().map(operation).collect()
    }
}
