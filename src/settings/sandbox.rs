//! What `--sandbox` decides in place of the configuration, and what it adds where nothing is said.

use crate::error::{Error, ErrorCode, Result};

use super::document::{Section, parse};
use super::file::ConfigFile;
use super::given::{Given, Value};
use super::origin::Origin;

/// The account everything in the sandbox belongs to.
pub const SANDBOX_ACCOUNT: &str = "000000000000";
/// The region the sandbox answers for.
pub const SANDBOX_REGION: &str = "us-east-1";

/// The settings for the sandbox whose Okta organisation is at `okta_url`.
///
/// Region, organisation and credentials are the sandbox's. Name and bucket are its own where neither flag, environment nor
/// file names any, and so is the login domain where the organisation is its own (`has_own_okta`) and not a real one. The
/// bucket is always made by the stack: there is nothing in the sandbox before it.
///
/// # Errors
/// `Configuration` when the settings guard an account that is not the sandbox's.
pub fn in_sandbox(given: &Given, file: Option<&ConfigFile>, okta_url: &str, has_own_okta: bool) -> Result<Given> {
    let document = file.map(parse).transpose()?;
    let top = match (file, &document) {
        (Some(file), Some(document)) => Some(Section::top(file, document)),
        (_, _) => None,
    };
    let section = |name| -> Result<Option<Section<'_>>> { top.map_or(Ok(None), |top| top.section(name, name)) };
    let (okta, storage) = (section("okta")?, section("storage")?);
    let in_file = |section: Option<Section<'_>>, key: &str| section.is_some_and(|section| section.has(key));

    let decided = |text: &str| Some(Value { text: text.to_owned(), origin: Origin::Sandbox });
    let own = |given: &Option<Value>, written: bool, text: &str| match given {
        Some(value) => Some(value.clone()),
        None if written => None,
        None => decided(text),
    };
    let settings = Given {
        region: decided(SANDBOX_REGION),
        profile: None,
        okta_org: decided(okta_url),
        custom_domain: decided("true"),
        name: own(&given.name, in_file(top, "name"), "sandbox"),
        login_domain: match has_own_okta {
            true => own(&given.login_domain, in_file(okta, "login_domain"), "example.com"),
            false => given.login_domain.clone(),
        },
        bucket: own(&given.bucket, in_file(storage, "bucket"), "sandbox-files"),
        create_bucket: decided("true"),
        ..given.clone()
    };
    guard_account(&settings, top)?;
    Ok(settings)
}

fn guard_account(given: &Given, top: Option<Section<'_>>) -> Result<()> {
    let account = super::lookup::text(&given.account, top, "account")?;
    match account {
        Some(account) if account.value != SANDBOX_ACCOUNT => Err(Error::new(
            ErrorCode::Configuration,
            format!("{} is {}, and the sandbox is account {SANDBOX_ACCOUNT}", account.origin.name(), account.value),
        )
        .cause("this configuration is for a real account")
        .hint("leave --sandbox out to deploy there, or use a configuration without `account` for the sandbox")
        .resource(account.origin.place())),
        Some(_) | None => Ok(()),
    }
}
