//! What all types have in common that are a text, and are checked when they are read.

/// `Display`, and the conversions from and to `String` that serde takes, for a type that holds a `String` and has a `parse`.
/// What else `parse` takes follows the error's type.
macro_rules! checked_text {
    ($name:ident, $error:ty $(, $more:expr)*) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                Self::parse(&text $(, $more)*)
            }
        }
    };
}

pub(crate) use checked_text;
