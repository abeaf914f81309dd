//! What vendors are called.

use std::collections::BTreeMap;

use marketplace::{ContactId, VendorId};
use store::{StoreError, Tx, vendors};

/// Names of vendors, each looked up once.
#[derive(Default)]
pub(crate) struct VendorNames {
    names: BTreeMap<VendorId, String>,
    by_contact: BTreeMap<ContactId, Option<VendorId>>,
}

impl VendorNames {
    pub(crate) fn of(&mut self, tx: &mut Tx<'_>, id: &VendorId) -> Result<String, StoreError> {
        if let Some(name) = self.names.get(id) {
            return Ok(name.clone());
        }
        let name = vendors::load(tx, id)?.name;
        self.names.insert(id.clone(), name.clone());
        Ok(name)
    }

    pub(crate) fn of_contact(
        &mut self,
        tx: &mut Tx<'_>,
        contact: ContactId,
    ) -> Result<Option<(VendorId, String)>, StoreError> {
        let id = match self.by_contact.get(&contact) {
            Some(known) => known.clone(),
            None => vendors::find_by_contact(tx, contact)?,
        };
        self.by_contact.insert(contact, id.clone());
        let Some(id) = id else { return Ok(None) };
        let name = self.of(tx, &id)?;
        Ok(Some((id, name)))
    }
}
