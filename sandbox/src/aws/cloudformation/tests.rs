//! Tests over the real template.
