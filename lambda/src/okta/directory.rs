//! Users and their groups, read in full or not at all (Core Okta API; Okta management API, "Users").

use bytes::Bytes;
use hyper::Request;
use hyper::header::{AUTHORIZATION, HeaderValue, LINK};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::answer::{is_id, judge_error, read};
use super::client::{OktaClient, request_id};
use super::judgement::{Detail, Judgement, Spent};
use super::rate_limit::Bucket;
use super::service_app::ServiceAppClient;
use crate::access::Needs;
use crate::clock::Clock;
use crate::http::Reply;
use crate::person::{Group, Person};
use crate::reason::Reason;

const USERS_PATH: &str = "/api/v1/users/";
/// The longest user, with all custom attributes, and the longest page of groups.
const LONGEST_USER: usize = 256 * 1024;
const LONGEST_PAGE: usize = 4 * 1024 * 1024;
/// The most pages that are read: an endless list is no list.
const MOST_PAGES: usize = 50;

/// Whom to look up.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    /// Who has just signed in, with the id and login that Okta confirmed.
    SignedIn {
        /// Okta's id.
        id: &'a str,
        /// The login.
        login: &'a str,
    },
    /// Whoever has this login, by whose word nobody has signed in yet.
    Login(&'a str),
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The person.
    pub person: Person,
    /// `X-Okta-Request-Id` of the last answer, if anything was asked.
    pub request_id: Option<String>,
}

/// Reads the directory as the service app.
pub struct Directory<'a> {
    /// The org.
    pub okta: &'a OktaClient,
    /// The app.
    pub app: &'a ServiceAppClient,
    /// The clocks.
    pub clock: &'a Clock,
    /// The end of the time for this sign-in.
    pub until: Instant,
}

#[derive(Deserialize)]
struct WrittenUser {
    id: String,
    status: String,
    profile: Map<String, Value>,
}

#[derive(Deserialize)]
struct WrittenGroup {
    id: String,
    profile: WrittenGroupProfile,
}

#[derive(Deserialize)]
struct WrittenGroupProfile {
    name: String,
}

impl Directory<'_> {
    /// Reads what is needed of one person.
    ///
    /// # Errors
    /// Something could not be read in full, or is somebody else's; the judgement says what.
    pub async fn person(&self, whom: Whom<'_>, needs: Needs, spent: &mut Spent) -> Result<Found, Judgement> {
        let mut found = match whom {
            Whom::SignedIn { id, login } if !needs.person => {
                let (id, login) = (id.to_owned(), login.to_owned());
                // Okta lets nobody else sign in.
                let status = Person::ACTIVE.to_owned();
                Found { person: Person { id, login, status, profile: Map::new(), groups: None }, request_id: None }
            }
            Whom::SignedIn { id, login } => self.user(id, Some(id), login, spent).await?,
            Whom::Login(login) => self.user(login, None, login, spent).await?,
        };
        if needs.groups {
            let (groups, request_id) = self.groups(&found.person.id, spent).await?;
            found.person.groups = Some(groups);
            found.request_id = request_id;
        }
        Ok(found)
    }

    async fn user(&self, key: &str, id: Option<&str>, login: &str, spent: &mut Spent) -> Result<Found, Judgement> {
        let path = format!("{USERS_PATH}{}", path_segment(key));
        let reply = self.get(&path, LONGEST_USER, spent).await?;
        let user: WrittenUser = whole(&reply)?;
        let written = user.profile.get("login").and_then(Value::as_str);
        let is_asked_for = written.is_some_and(|written| written.eq_ignore_ascii_case(login));
        // Okta also finds users by a short name, which may be somebody else's login.
        if !is_asked_for || id.is_some_and(|id| id != user.id) || !is_id(&user.id, 64) {
            return Err(told(Reason::LoginMismatch.into(), &reply));
        }
        let login = written.unwrap_or_default().to_owned();
        let person = Person { id: user.id, login, status: user.status, profile: user.profile, groups: None };
        Ok(Found { person, request_id: request_id(&reply) })
    }

    /// All groups, and the request id of their last page.
    async fn groups(&self, id: &str, spent: &mut Spent) -> Result<(Vec<Group>, Option<String>), Judgement> {
        let first = format!("{USERS_PATH}{}/groups", path_segment(id));
        let mut groups = Vec::new();
        let mut path = first.clone();
        for _ in 0..MOST_PAGES {
            let reply = self.get(&path, LONGEST_PAGE, spent).await?;
            let page: Vec<WrittenGroup> = whole(&reply)?;
            groups.extend(page.into_iter().map(|group| Group { id: group.id, name: group.profile.name }));
            let links = reply.headers.get_all(LINK).iter().map(|link| link.to_str().unwrap_or("<"));
            let next = next_page(links, self.okta.org_url().as_str(), &first)
                .map_err(|NotTheSameList| told(Judgement::service_app(Detail::Paging), &reply))?;
            match next {
                Some(next) => path = next,
                None => return Ok((groups, request_id(&reply))),
            }
        }
        Err(Judgement::service_app(Detail::Paging))
    }

    /// One request with the app's token; a token that is not taken any more is replaced once.
    async fn get(&self, path: &str, longest: usize, spent: &mut Spent) -> Result<Reply, Judgement> {
        let mut is_new = false;
        loop {
            let token = self.app.token(self.okta, self.clock, self.until, spent).await?;
            let header = Zeroizing::new(["Bearer ", token.expose()].concat());
            let mut header = HeaderValue::from_str(&header).map_err(|_| Judgement::service_app(Detail::Token))?;
            header.set_sensitive(true);
            let request = Request::get(format!("{}{path}", self.okta.org_url())).header(AUTHORIZATION, header);
            let reply = self.okta.send(request, Bytes::new(), longest, self.until, spent).await;
            let reply = reply.map_err(Judgement::unavailable)?;
            match reply.status {
                200 => return Ok(reply),
                401 if !is_new => {
                    self.app.forget_token();
                    is_new = true;
                }
                _ => return Err(told(refused(&reply), &reply)),
            }
        }
    }
}

fn told(judgement: Judgement, reply: &Reply) -> Judgement {
    super::client::told(judgement, reply, Bucket::Directory)
}

/// The body, if it is exactly what was asked for.
fn whole<T: DeserializeOwned>(reply: &Reply) -> Result<T, Judgement> {
    read(&reply.answer()).ok_or_else(|| told(Judgement::unavailable(Detail::NotJson), reply))
}

fn refused(reply: &Reply) -> Judgement {
    let error = judge_error(&reply.answer());
    match reply.status {
        300..=399 => Judgement::unavailable(Detail::Redirect),
        401 => Judgement {
            error_code: error.error_code,
            error_id: error.error_id,
            ..Judgement::service_app(Detail::Token)
        },
        403 => Judgement {
            error_code: error.error_code,
            error_id: error.error_id,
            ..Judgement::service_app(Detail::Scope)
        },
        404 => Judgement { reason: Reason::UserUnknown, ..error },
        _ => error,
    }
}

/// Percent-encodes all but letters, digits, `-`, `_` and `~`: a login is one segment of a path then, and for its dots never a
/// step in it.
fn path_segment(text: &str) -> String {
    let mut segment = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            let [high, low] = [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            segment.extend(['%', high.to_ascii_uppercase(), low.to_ascii_uppercase()]);
        }
    }
    segment
}

/// The next page is not one of the list that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NotTheSameList;

/// Path and query of the link with `rel="next"`, if there is one (RFC 8288). Only for the same list at the same host: the
/// token goes nowhere else. The cursor in it is opaque and is passed on as it is.
fn next_page<'a>(
    headers: impl Iterator<Item = &'a str>,
    org_url: &str,
    list: &str,
) -> Result<Option<String>, NotTheSameList> {
    for link in headers.flat_map(|header| Links(Some(header))) {
        let (url, parameters) = link?;
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
        });
        if is_next {
            let path = url.strip_prefix(org_url).ok_or(NotTheSameList)?;
            let query = path.strip_prefix(list).and_then(|rest| rest.strip_prefix('?')).ok_or(NotTheSameList)?;
            let is_sound = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
            return if is_sound { Ok(Some(path.to_owned())) } else { Err(NotTheSameList) };
        }
    }
    Ok(None)
}

/// The links of a header, each with its parameters. A comma in angle brackets or in quotation marks belongs to a link.
struct Links<'a>(Option<&'a str>);

impl<'a> Iterator for Links<'a> {
    type Item = Result<(&'a str, &'a str), NotTheSameList>;

    fn next(&mut self) -> Option<Self::Item> {
        let link = self.0.take()?.trim();
        let Some((url, after)) = link.strip_prefix('<').and_then(|link| link.split_once('>')) else {
            return Some(Err(NotTheSameList));
        };
        let mut is_quoted = false;
        let ends_link = |c: char| {
            is_quoted ^= c == '"';
            c == ',' && !is_quoted
        };
        let (parameters, rest) = match after.split_once(ends_link) {
            Some((parameters, rest)) => (parameters, Some(rest)),
            None => (after, None),
        };
        self.0 = rest;
        Some(Ok((url, parameters)))
    }
}

#[cfg(test)]
mod tests {
    use super::{NotTheSameList, next_page, path_segment};

    #[test]
    fn one_segment_and_nothing_else() {
        for (text, expected) in [
            ("00u1abc", "00u1abc"),
            ("alice@acme.com", "alice%40acme%2Ecom"),
            ("a+b@acme.com", "a%2Bb%40acme%2Ecom"),
            ("..", "%2E%2E"),
            ("a/b?c#d%e", "a%2Fb%3Fc%23d%25e"),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(path_segment(text), expected);
        }
    }

    #[test]
    fn the_next_page_of_the_same_list() {
        let org = "https://acme.okta.com";
        let list = "/api/v1/users/00u1/groups";
        let own = "<https://acme.okta.com/api/v1/users/00u1/groups?limit=200>; rel=\"self\"";
        let next = "<https://acme.okta.com/api/v1/users/00u1/groups?after=00g%2F9&limit=200>; rel=\"next\"";
        let both = format!("{own}, {next}");
        let commas = format!(
            "<https://acme.okta.com/api/v1/users/00u1/groups?limit=1,2>; rel=\"self\"; title=\"one, two\", \
             <https://acme.okta.com{list}?after=a,b&filter=c,d>; rel=\"next\""
        );
        let page = Ok(Some("/api/v1/users/00u1/groups?after=00g%2F9&limit=200".to_owned()));
        for (headers, expected) in [
            (vec![], Ok(None)),
            (vec![own], Ok(None)),
            (vec![own, next], page.clone()),
            (vec![next, own], page.clone()),
            (vec![both.as_str()], page.clone()),
            // Commas that end no link.
            (vec![commas.as_str()], Ok(Some(format!("{list}?after=a,b&filter=c,d")))),
            (
                vec!["<https://acme.okta.com/api/v1/users/00u1/groups?after=1>;rel=next"],
                Ok(Some(format!("{list}?after=1"))),
            ),
            (vec!["<https://evil.example.com/api/v1/users/00u1/groups?after=1>; rel=\"next\""], Err(NotTheSameList)),
            (
                vec!["<https://acme.okta.com.evil.com/api/v1/users/00u1/groups?after=1>; rel=\"next\""],
                Err(NotTheSameList),
            ),
            (
                vec!["<https://acme.okta.com@evil.com/api/v1/users/00u1/groups?after=1>; rel=\"next\""],
                Err(NotTheSameList),
            ),
            (vec!["<http://acme.okta.com/api/v1/users/00u1/groups?after=1>; rel=\"next\""], Err(NotTheSameList)),
            (vec!["</api/v1/users/00u1/groups?after=1>; rel=\"next\""], Err(NotTheSameList)),
            (vec!["<https://acme.okta.com/api/v1/users/00u2/groups?after=1>; rel=\"next\""], Err(NotTheSameList)),
            (vec!["<https://acme.okta.com/api/v1/users/00u1/groups/../x?after=1>; rel=\"next\""], Err(NotTheSameList)),
            (vec!["<https://acme.okta.com/api/v1/users/00u1/groups?after=1 2>; rel=\"next\""], Err(NotTheSameList)),
            (vec!["<https://acme.okta.com/api/v1/users/00u1/groups>; rel=\"next\""], Err(NotTheSameList)),
            (vec!["nonsense"], Err(NotTheSameList)),
            (vec![""], Err(NotTheSameList)),
        ] {
            assert_eq!(next_page(headers.iter().copied(), org, list), expected, "{headers:?}");
        }
    }
}
