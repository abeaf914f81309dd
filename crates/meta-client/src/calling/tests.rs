use super::*;

const OFFER: &str =
    "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=ice-pwd:made-up-password-0123456789\r\n";

fn call(to: Recipient) -> OutboundCall {
    OutboundCall::new(to, "call-0100", SdpOffer::new(OFFER).unwrap()).unwrap()
}

fn phone() -> Recipient {
    Recipient::Phone("+254700000101".parse().unwrap())
}

#[test]
fn a_call_by_number_and_by_business_scoped_id() {
    insta::assert_snapshot!(call(phone()).to_json().to_string(), @r#"{"action":"connect","biz_opaque_callback_data":"call-0100","messaging_product":"whatsapp","session":{"sdp":"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=ice-pwd:made-up-password-0123456789\r\n","sdp_type":"offer"},"to":"+254700000101"}"#);
    let bsuid = Recipient::Bsuid("KE.90000000000000000101".parse().unwrap());
    insta::assert_snapshot!(call(bsuid).to_json().to_string(), @r#"{"action":"connect","biz_opaque_callback_data":"call-0100","messaging_product":"whatsapp","recipient":"KE.90000000000000000101","session":{"sdp":"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=ice-pwd:made-up-password-0123456789\r\n","sdp_type":"offer"}}"#);
}

#[test]
fn limits_of_a_call() {
    assert!(SdpOffer::new("x".repeat(SDP_BYTES_MAX)).is_ok());
    assert!(SdpOffer::new("x".repeat(SDP_BYTES_MAX + 1)).is_err());
    assert!(SdpOffer::new(" \r\n").is_err());
    for (intent_id, good) in [("", false), ("i", true), (&*"i".repeat(512), true), (&*"i".repeat(513), false)]
    {
        let call = OutboundCall::new(phone(), intent_id, SdpOffer::new(OFFER).unwrap());
        assert_eq!(call.is_ok(), good, "{}", intent_id.len());
    }
}

#[test]
fn what_is_printed_holds_no_description_and_no_number() {
    let printed = format!("{:?}", call(phone()));
    for private in ["v=0", "ice-pwd", "made-up-password", "254700000101"] {
        assert!(!printed.contains(private), "{private} in {printed}");
    }
}

#[test]
fn a_quoted_line_is_noticed() {
    let offer = SdpOffer::new(OFFER).unwrap();
    assert!(offer.is_quoted_in("SDP fault near 'a=ice-pwd:made-up-password-0123456789'"));
    assert!(!offer.is_quoted_in("SDP fault in line 4: t=0 0"), "a line that says nothing");
    assert!(!offer.is_quoted_in("the sdp is invalid"));
}
