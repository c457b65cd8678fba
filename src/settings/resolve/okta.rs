//! The Okta organisation and what is asked of it.

use std::collections::BTreeMap;

use sftp_okta_lambda::settings::{Mfa, MfaMethod, ServiceApp};

use crate::error::Result;

use super::super::check::okta;
use super::super::document::Section;
use super::super::given::Given;
use super::super::layout;
use super::super::lookup::{boolean, checked, number, required, text};
use super::super::origin::{Located, Origin, Wrong};
use super::super::resolved::{Okta, Throttle};
use super::Sections;

impl<'d> Sections<'d> {
    pub(super) fn okta(&self, given: &Given) -> Result<Okta> {
        let what = "the Okta organisation, such as https://acme.okta.com";
        let org_url = required(text(&given.okta_org, self.okta, "org_url")?, "okta-org", "okta.org_url", what)?;
        let custom = boolean(&given.custom_domain, self.okta, "custom_domain")?;
        let org_url = org_url.try_map(|url| okta::org_url(url, custom.is_some_and(|custom| custom.value)))?;
        let login_domain = checked(text(&given.login_domain, self.okta, "login_domain")?, okta::login_domain)?;
        let mfa = checked(text(&given.mfa, self.okta, "mfa")?, okta::mfa)?;
        let attribute = text(&given.ssh_keys_attribute, self.okta, "ssh_keys_attribute")?;
        let forward = boolean(&given.forward_source_ip, self.okta, "forward_source_ip")?;
        Ok(Okta {
            org_url: org_url.value,
            login_domain: login_domain.map(|found| found.value),
            mfa_methods: self.mfa_methods(mfa.as_ref())?,
            mfa: mfa.map_or(Mfa::Off, |found| found.value),
            service_app: self.service_app()?,
            ssh_keys_attribute: attribute.map(|found| found.value),
            forward_source_ip: forward.is_some_and(|found| found.value),
            aliases: self.aliases()?,
        })
    }

    /// Codes alone unless the file says otherwise: a push makes a phone ring, which nobody should get without asking.
    fn mfa_methods(&self, mfa: Option<&Located<Mfa>>) -> Result<Vec<MfaMethod>> {
        let key = "mfa_methods";
        let Some(okta) = self.okta.filter(|okta| okta.has(key)) else {
            let is_off = mfa.is_none_or(|mfa| mfa.value == Mfa::Off);
            return Ok(if is_off { Vec::new() } else { vec![MfaMethod::Totp] });
        };
        let origin = okta.origin_of(key);
        let mut methods = Vec::new();
        for item in okta.texts(key)? {
            let method = item.try_map(okta::mfa_method)?;
            if methods.contains(&method.value) {
                return Err(Wrong::new("is there twice", "each method is tried once", "remove one of the two")
                    .at(&method.origin, method.value.as_str()));
            }
            methods.push(method.value);
        }
        if methods.is_empty() {
            return Err(origin
                .error("is empty")
                .cause("no second factor could be verified")
                .hint("write [\"totp\"], or remove the line"));
        }
        match mfa.map(|mfa| (mfa.value, &mfa.origin)) {
            Some((Mfa::Auto | Mfa::Required, _)) => Ok(methods),
            // Switched off for this run.
            Some((Mfa::Off, Origin::Flag(_) | Origin::Environment(_))) => Ok(Vec::new()),
            Some((Mfa::Off, _)) | None => Err(origin
                .error("is given, and okta.mfa is off")
                .cause("no second factor is asked for")
                .hint("write mfa = \"auto\" or mfa = \"required\" under [okta], or remove the line")),
        }
    }

    fn service_app(&self) -> Result<Option<ServiceApp>> {
        let Some(okta) = self.okta else { return Ok(None) };
        let Some(app) = okta.section("service_app", "okta.service_app")? else { return Ok(None) };
        app.allow(layout::SERVICE_APP)?;
        Ok(Some(ServiceApp {
            client_id: complete(app, "client_id")?.try_map(okta::word)?.value,
            key_id: complete(app, "key_id")?.try_map(okta::word)?.value,
            private_key_secret: complete(app, "private_key_secret")?.try_map(okta::secret)?.value,
        }))
    }

    /// Names as they are written: whether they can be typed at Transfer is for the function's own check.
    fn aliases(&self) -> Result<BTreeMap<String, String>> {
        let Some(okta) = self.okta else { return Ok(BTreeMap::new()) };
        let Some(section) = okta.section("aliases", "okta.aliases")? else { return Ok(BTreeMap::new()) };
        Ok(section.all_texts()?.into_iter().map(|(name, login)| (name, login.value)).collect())
    }

    pub(super) fn throttle(&self, given: &Given) -> Result<Throttle> {
        let default = Throttle::default();
        let limit = |given, key, default| -> Result<u32> {
            Ok(number(given, self.throttle, key)?.map_or(default, |found| found.value))
        };
        Ok(Throttle {
            per_user: limit(&given.throttle_per_user, "per_user", default.per_user)?,
            per_source: limit(&given.throttle_per_source, "per_source", default.per_source)?,
        })
    }
}

fn complete(app: Section<'_>, key: &'static str) -> Result<Located<String>> {
    app.text(key)?.ok_or_else(|| {
        app.here().error(&format!("has no {key}")).hint(
            "write it in the form service_app = { client_id = \"0oa…\", key_id = \"…\", private_key_secret = \"arn:aws:secretsmanager:…\" }",
        )
    })
}
