//! The message templates that Meta has approved for the business, as the documentation names them.

use meta_simulator::Template;

/// The built-in catalogue of the product, written down a second time: Meta's copy is not ours either.
pub(crate) fn approved() -> Vec<Template> {
    vec![Template::new("vendor_inquiry", "en", "Hello! A customer near you is looking for:\n{{1}}\n{{2}}")]
}
