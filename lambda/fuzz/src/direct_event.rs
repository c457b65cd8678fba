//! An event of Transfer's own.

use sftp_okta_lambda::request::Form;

/// See [`super::event::check`].
pub fn check(data: &[u8]) -> bool {
    super::event::check(data, Form::Direct)
}
