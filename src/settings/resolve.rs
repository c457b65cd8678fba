//! Flag over environment over file over default, then every check that needs no network.

mod access;
mod combination;
mod endpoint;
mod okta;
mod storage;

use std::collections::BTreeMap;

use crate::error::Result;

use super::check::{arn, bucket, lambda, name, server, tag};
use super::document::{Section, parse};
use super::file::ConfigFile;
use super::given::{Given, Value};
use super::layout;
use super::lookup::{Rule, boolean, checked, file_text, number, required, text};
use super::origin::{Located, Origin};
use super::resolved::{Alarms, Api, Authentication, IdentityProvider, Lambda, Server, Settings, Target};

const SECURITY_POLICY: &str = "TransferSecurityPolicy-2025-03";
const LOG_RETENTION_DAYS: u32 = 90;
/// Sign-ins a second, and at once: far more than people make, and far less than a password guesser needs.
const THROTTLING: (u32, u32) = (20, 40);

/// The settings of a deployment.
///
/// # Errors
/// At the first value that is missing, unknown, not supported or wrong; the error names its place and the remedy.
pub fn resolve(given: &Given, file: Option<&ConfigFile>) -> Result<Settings> {
    with_sections(file, |sections| sections.settings(given))
}

/// What finds a deployment: the part of the settings that `status`, `logs` and `teardown` need.
///
/// # Errors
/// As [`resolve`], for the values of a [`Target`].
pub fn resolve_target(given: &Given, file: Option<&ConfigFile>) -> Result<Target> {
    with_sections(file, |sections| sections.target(given))
}

fn with_sections<T>(file: Option<&ConfigFile>, read: impl FnOnce(&Sections<'_>) -> Result<T>) -> Result<T> {
    let Some(file) = file else { return read(&Sections::default()) };
    let document = parse(file)?;
    let sections = Sections::of(Section::top(file, &document))?;
    read(&sections)
}

/// The sections the file has; all their keys are known.
#[derive(Debug, Default)]
struct Sections<'d> {
    top: Option<Section<'d>>,
    tags: Option<Section<'d>>,
    okta: Option<Section<'d>>,
    storage: Option<Section<'d>>,
    server: Option<Section<'d>>,
    lambda: Option<Section<'d>>,
    api: Option<Section<'d>>,
    alarms: Option<Section<'d>>,
    throttle: Option<Section<'d>>,
    access: Option<Vec<Section<'d>>>,
}

impl<'d> Sections<'d> {
    fn of(top: Section<'d>) -> Result<Self> {
        top.allow(layout::TOP)?;
        let section = |name, keys| -> Result<Option<Section<'d>>> {
            let section = top.section(name, name)?;
            section.as_ref().map_or(Ok(()), |section| section.allow(keys))?;
            Ok(section)
        };
        let access = top.sections("access", "access")?;
        for rule in access.iter().flatten() {
            rule.allow(layout::ACCESS)?;
        }
        Ok(Self {
            tags: top.section("tags", "tags")?,
            okta: section("okta", layout::OKTA)?,
            storage: section("storage", layout::STORAGE)?,
            server: section("server", layout::SERVER)?,
            lambda: section("lambda", layout::LAMBDA)?,
            api: section("api", layout::API)?,
            alarms: section("alarms", layout::ALARMS)?,
            throttle: section("throttle", layout::THROTTLE)?,
            top: Some(top),
            access,
        })
    }

    fn target(&self, given: &Given) -> Result<Target> {
        let top = |given: &Option<Value>, key, rule: Rule<str, String>| checked(text(given, self.top, key)?, rule);
        let deployment = required(top(&given.name, "name", name::deployment)?, "name", "name", "a name")?;
        let stack_name = top(&given.stack_name, "stack_name", name::stack)?.map(|found| found.value);
        let value = |found: Option<Located<String>>| found.map(|found| found.value);
        Ok(Target {
            region: value(top(&given.region, "region", name::region)?),
            profile: value(top(&given.profile, "profile", name::profile)?),
            account: value(top(&given.account, "account", name::account)?),
            stack_name: stack_name.unwrap_or_else(|| format!("sftp-okta-{}", deployment.value)),
            artifact_bucket: value(top(&given.artifact_bucket, "artifact_bucket", bucket::existing)?),
            name: deployment.value,
        })
    }

    fn settings(&self, given: &Given) -> Result<Settings> {
        let Target { name, region, profile, account, stack_name, artifact_bucket } = self.target(given)?;
        let boundary = checked(text(&given.permissions_boundary, self.top, "permissions_boundary")?, arn::policy)?;
        let protection = boolean(&given.termination_protection, self.top, "termination_protection")?;
        let mut rules = self.access(given)?;
        let settings = Settings {
            name,
            region,
            profile,
            account,
            stack_name,
            tags: self.tags(given)?,
            okta: self.okta(given)?,
            throttle: self.throttle(given)?,
            storage: self.storage(given)?,
            server: self.server(given)?,
            lambda: self.lambda(given)?,
            api: self.api(given)?,
            alarms: self.alarms(given)?,
            permissions_boundary: boundary.map(|found| found.value),
            termination_protection: protection.is_some_and(|found| found.value),
            artifact_bucket,
            access: std::mem::take(&mut rules.rules),
            access_by_default: rules.by_default,
            replaced_homes: std::mem::take(&mut rules.replaced_homes),
        };
        settings.function_settings().check().map_err(|error| self.combination(given, &rules, &error))?;
        Ok(settings)
    }

    fn tags(&self, given: &Given) -> Result<BTreeMap<String, String>> {
        let mut tags = BTreeMap::new();
        if let Some(section) = &self.tags {
            for (key, value) in section.all_texts()? {
                tag::entry(&key, &value)?;
                tags.insert(key, value.value);
            }
            tag::count(tags.len(), &section.here())?;
        }
        for given in &given.tags {
            let (key, value) = given.located().try_map(tag::pair)?.value;
            tags.insert(key, value);
            tag::count(tags.len(), &given.origin)?;
        }
        Ok(tags)
    }

    fn server(&self, given: &Given) -> Result<Server> {
        let provider =
            checked(text(&given.identity_provider, self.server, "identity_provider")?, server::identity_provider)?;
        let authentication =
            checked(text(&given.authentication, self.server, "authentication")?, server::authentication)?;
        let policy = checked(text(&given.security_policy, self.server, "security_policy")?, server::security_policy)?;
        let hostname = checked(text(&given.hostname, self.server, "hostname")?, server::hostname)?;
        let banner = checked(file_text(self.server, "banner")?, server::banner)?;
        let listing =
            self.server.map(|section| section.boolean("directory_listing_optimization")).transpose()?.flatten();
        Ok(Server {
            security_policy: policy.map_or_else(|| SECURITY_POLICY.to_owned(), |found| found.value),
            endpoint: self.endpoint()?,
            hostname: hostname.map(|found| found.value),
            banner: banner.map(|found| found.value),
            directory_listing_optimization: listing.is_none_or(|found| found.value),
            authentication: authentication.map_or(Authentication::Password, |found| found.value),
            identity_provider: provider.map_or(IdentityProvider::ApiGateway, |found| found.value),
        })
    }

    fn lambda(&self, given: &Given) -> Result<Lambda> {
        let architecture = text(&given.architecture, self.lambda, "architecture")?;
        let architecture = architecture.unwrap_or_else(|| Located::new("x86_64".to_owned(), Origin::Default));
        let concurrency = number(&given.reserved_concurrency, self.lambda, "reserved_concurrency")?;
        let days = checked(number(&given.log_retention_days, self.lambda, "log_retention_days")?, lambda::retention)?;
        Ok(Lambda {
            architecture: architecture.try_map(lambda::architecture)?.value,
            reserved_concurrency: concurrency.map_or(0, |found| found.value),
            log_retention_days: days.map_or(LOG_RETENTION_DAYS, |found| found.value),
        })
    }

    fn api(&self, given: &Given) -> Result<Api> {
        let restrict = boolean(&given.restrict_to_invocation_role, self.api, "restrict_to_invocation_role")?;
        let role = boolean(&given.create_log_role, self.api, "create_log_role")?;
        let limit = |key, default| -> Result<u32> {
            let found = checked(number(&None, self.api, key)?, lambda::at_least_one)?;
            Ok(found.map_or(default, |found| found.value))
        };
        Ok(Api {
            throttling_rate: limit("throttling_rate", THROTTLING.0)?,
            throttling_burst: limit("throttling_burst", THROTTLING.1)?,
            restrict_to_invocation_role: restrict.is_some_and(|found| found.value),
            create_log_role: role.is_some_and(|found| found.value),
        })
    }

    fn alarms(&self, given: &Given) -> Result<Alarms> {
        let topic = checked(text(&given.alarm_topic_arn, self.alarms, "topic_arn")?, arn::topic)?;
        let dashboard = self.alarms.map(|section| section.boolean("dashboard")).transpose()?.flatten();
        Ok(Alarms { topic_arn: topic.map(|found| found.value), dashboard: dashboard.is_none_or(|found| found.value) })
    }
}
