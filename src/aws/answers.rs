//! What an answer says before it is parsed, and whose answers are taken. Most answers of S3 to a write have no body, so a proxy's page with status 200 would count as
//! success, and what was to be stored would be nowhere. Services whose answers are parsed notice by themselves.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Refuses a page for people where S3 would have answered. The SDK then tells it as an answer that cannot be used.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoPages;

#[dyn_dispatch_hint]
impl Intercept for NoPages {
    fn name(&self) -> &'static str {
        "no pages"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        if answer.status().is_success() && is_page(answer.headers().get("content-type")) {
            return Err("it is a page for people (text/html)".into());
        }
        Ok(())
    }
}

/// Status and body of an answer that was read whole.
pub(super) fn said(answer: Option<&HttpResponse>) -> Option<(u16, &[u8])> {
    answer.and_then(|answer| Some((answer.status().as_u16(), answer.body().bytes()?)))
}

/// Whether a refusal names one of these codes, in whichever form its service writes it.
pub(super) fn names_one_of(codes: &[&str], body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    codes.iter().any(|code| text.contains(code))
}

fn is_page(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("text/html")
}

#[cfg(test)]
mod tests {
    use super::is_page;

    #[test]
    fn a_page_is_told_by_its_type() {
        let of = |kind: &str| is_page(Some(kind));
        assert!(of("text/html") && of("Text/HTML; charset=utf-8"));
        assert!(!is_page(None) && !of("application/xml") && !of("binary/octet-stream"));
    }
}
