//! The OCR tools. Reading pictures is off by default and this release has no engine: both refuse, and the
//! client is asked to type.

use store::Tx;
use tool_registry::RefusalCode;

use super::Effect;
use crate::{Policy, ToolError, error::refuse};

pub(super) fn create(_tx: &mut Tx<'_>, _policy: Policy) -> Result<Effect, ToolError> {
    refuse(RefusalCode::OcrDisabled, "reading pictures is switched off; ask the client to type it")
}

pub(super) fn result() -> Result<Effect, ToolError> {
    refuse(RefusalCode::OcrJobNotFound, "there is no such OCR job in this request")
}
