//! The message templates that Meta has approved for the business, as the documentation names them.

use meta_simulator::Template;

/// The built-in catalogue of the product, written down a second time: Meta's copy is not ours either. Each
/// takes the whole text as its one parameter.
pub(crate) fn approved() -> Vec<Template> {
    ["vendor_inquiry", "client_update", "handoff_client", "handoff_vendor"]
        .map(|purpose| Template::new(&format!("concierge_{purpose}_v1"), "en", "{{1}}"))
        .to_vec()
}
