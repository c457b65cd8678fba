//! What is legal and may still not be what is meant: told by `plan` and `deploy`.

use sftp_okta_lambda::access::{self, AccessRule};
use sftp_okta_lambda::settings::Authentication;

use super::{Endpoint, Settings};

impl Settings {
    /// What a person should look at before this is deployed, each a sentence. Rules are counted from 1.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.about_rules();
        if self.reaches_whole_bucket() {
            warnings.push(format!(
                "homes and folders lie below several prefixes of {}: the users' role reaches the whole bucket, and only \
                 each session's own policy confines it",
                self.storage.bucket
            ));
        }
        if self.okta.forward_source_ip {
            warnings.push(
                "okta.forward_source_ip has no effect: Okta believes X-Forwarded-For only from an address that its administrator \
                 has listed as a trusted proxy, and the function, which runs outside a VPC, has no address of its own"
                    .to_owned(),
            );
        }
        if let Endpoint::Vpc { security_groups, elastic_ips, .. } = &self.server.endpoint
            && security_groups.is_empty()
            && !elastic_ips.is_empty()
        {
            warnings.push(
                "the endpoint has elastic IPs and no security_groups: the VPC's default group decides who reaches it, and that \
                 lets in nobody from outside unless somebody changed it"
                    .to_owned(),
            );
        }
        match self.server.authentication {
            Authentication::PublicKey | Authentication::PublicKeyOrPassword => warnings.push(
                "a public key alone signs a user in: Okta is asked whether the user is active, and neither for a password \
                 nor for a second factor"
                    .to_owned(),
            ),
            Authentication::Password | Authentication::PublicKeyAndPassword => {}
        }
        warnings
    }

    fn about_rules(&self) -> Vec<String> {
        if self.access_by_default {
            return vec![
                "no [[access]] rule is configured: everyone who can sign in to this Okta organisation gets a folder of \
                 their own, read-write"
                    .to_owned(),
            ];
        }
        let everyone = |rule: &AccessRule| rule.groups.is_empty() && rule.users.is_empty();
        let mut warnings = Vec::new();
        for (at, _) in self.access.iter().enumerate().filter(|(_, rule)| everyone(rule)) {
            warnings.push(format!(
                "access rule {} names neither groups nor users: it means everyone who can sign in to this Okta \
                 organisation",
                at + 1
            ));
        }
        for (later, earlier) in access::shadowed(&self.function_settings()) {
            warnings.push(format!(
                "access rule {} never decides: rule {} stands before it and means everyone whom it means",
                later + 1,
                earlier + 1
            ));
        }
        for access::Around { rule, folder, other_rule, inside } in access::around(&self.function_settings()) {
            warnings.push(format!(
                "access rule {} gives its users {folder}, and in it lies {inside} of rule {}: they reach what is there of \
                 every user",
                rule + 1,
                other_rule + 1
            ));
        }
        for rule in &self.replaced_homes {
            warnings.push(format!("access rule {rule} has a home and folders: its users get the folders and no home"));
        }
        warnings
    }

    /// Whether the one prefix that holds everything is the bucket itself, although no path lies at its top.
    fn reaches_whole_bucket(&self) -> bool {
        let mut prefixes = self.access.iter().flat_map(AccessRule::literal_prefixes).peekable();
        self.user_prefix().is_empty() && prefixes.peek().is_some() && prefixes.all(|prefix| !prefix.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::super::resolve_tests::{LEAST, from_file};

    fn warnings(more: &str) -> Vec<String> {
        from_file(&format!("{LEAST}{more}")).unwrap().warnings()
    }

    #[test]
    fn a_rule_for_some_below_one_prefix_says_nothing() {
        assert_eq!(warnings("[[access]]\nusers = [\"alice@acme.com\"]"), Vec::<String>::new());
    }

    #[test]
    fn a_folder_around_homes_of_others() {
        let told = warnings(
            r#"[[access]]
users = ["auditor@acme.com"]
folders = [{ path = "/all", target = "/{bucket}/home" }, { path = "/pub", target = "/{bucket}/home-page" }]
[[access]]
users = ["*@acme.com"]
home = "/{bucket}/home/{login}"
"#,
        );
        insta::assert_snapshot!(told.join("\n"), @r#"
        access rule 1 gives its users /{bucket}/home, and in it lies /{bucket}/home/{login} of rule 2: they reach what is there of every user
        homes and folders lie below several prefixes of acme-files: the users' role reaches the whole bucket, and only each session's own policy confines it
        "#);
    }

    #[test]
    fn an_address_that_okta_does_not_believe() {
        let told = from_file(&LEAST.replace("[okta]\n", "[okta]\nforward_source_ip = true\n")).unwrap().warnings();
        assert!(told.iter().any(|told| told.contains("forward_source_ip has no effect")), "{told:?}");
    }

    #[test]
    fn everything_that_may_not_be_meant() {
        let told = warnings(
            r#"[[access]]
home = "/{bucket}/a/{login}"
[[access]]
users = ["*@acme.com"]
home = "/{bucket}/b/{login}"
folders = [{ path = "/in", target = "/{bucket}/c/{login}" }]
"#,
        );
        insta::assert_snapshot!(told.join("\n"), @r#"
        access rule 1 names neither groups nor users: it means everyone who can sign in to this Okta organisation
        access rule 2 never decides: rule 1 stands before it and means everyone whom it means
        access rule 2 has a home and folders: its users get the folders and no home
        homes and folders lie below several prefixes of acme-files: the users' role reaches the whole bucket, and only each session's own policy confines it
        "#);
        insta::assert_snapshot!(warnings("").join("\n"), @r#"no [[access]] rule is configured: everyone who can sign in to this Okta organisation gets a folder of their own, read-write"#);
    }
}
