//! The verbs on both databases.

mod breaker;
mod calls;
mod constraints;
mod erasure;
mod indexes;
mod lanes;
mod observation;
mod outbox;
mod people;
mod schema;
mod timers;

use marketplace::{ContactId, DataKeyId, Language, MessageId, PhoneNumberId, RequestId, VendorId};

use crate::{
    StoreError, Tx,
    contacts::{self, Contact, Identity},
    messages::{self, Direction, MessageKind, NewMessage, Party},
    requests,
    testing::{self, TestStore},
    vendors::{self, VendorRecord},
};

/// Writes in one transaction that has to succeed.
async fn write<T: Send + 'static>(
    test: &TestStore,
    work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    test.db.write(work).await.unwrap()
}

fn number() -> PhoneNumberId {
    "100".parse().unwrap()
}

fn person(tx: &mut Tx<'_>, phone: &str) -> Result<Contact, StoreError> {
    contacts::find_or_create(tx, &[Identity::Phone(phone.parse().unwrap())], None, Language::default())
}

/// A new request of a new client.
fn request(tx: &mut Tx<'_>, phone: &str) -> Result<(RequestId, ContactId), StoreError> {
    let client = person(tx, phone)?.id;
    Ok((requests::create(tx, client, &number(), Language::default())?.request().id, client))
}

fn vendor(number: u32) -> VendorRecord {
    VendorRecord {
        name: format!("Shop {number}"),
        position: Some((-1.28, 36.82)),
        rating: Some(4.5),
        ..testing::vendor_record(vendor_id(number), format!("+2547000{number:05}").parse().unwrap(), "tyres")
    }
}

fn vendor_id(number: u32) -> VendorId {
    format!("v{number}").parse().unwrap()
}

/// Imports a vendor and returns the person behind it.
fn imported(tx: &mut Tx<'_>, number: u32) -> Result<ContactId, StoreError> {
    vendors::import(tx, &vendor(number))?;
    Ok(vendors::load(tx, &vendor_id(number))?.contact)
}

fn message(tx: &mut Tx<'_>, request: RequestId, contact: ContactId) -> Result<MessageId, StoreError> {
    let none: Vec<DataKeyId> = Vec::new();
    messages::insert(
        tx,
        &NewMessage {
            request: Some(request),
            contact,
            direction: Direction::Out,
            party: Party::Client,
            kind: MessageKind::Text,
            body: "Hello".to_owned(),
            also_sealed_by: none,
            button_id: None,
            wamid: None,
            quoted_wamid: None,
            meta_at: tx.now,
        },
    )
}
