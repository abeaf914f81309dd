use store::testing::on_both;

use super::*;

#[test]
fn only_what_our_secret_signed_is_taken() {
    on_both(async |test| {
        let state = state(&test.db);
        let body = webhook("wamid.1", "254700000101", "hi");
        let good = sign(SECRET, &body);
        let digits = good.strip_prefix("sha256=").unwrap();
        let wrong: [Option<String>; 10] = [
            None,
            Some(String::new()),
            Some(digits.to_owned()),
            Some(format!("sha1={digits}")),
            Some(format!("sha256={}", "0".repeat(64))),
            Some(format!("sha256={}", "0".repeat(62))),
            Some(format!("{good}00")),
            Some("sha256=é😀".to_owned()),
            Some(sign("another secret", &body)),
            Some(sign(SECRET, b"another body")),
        ];
        for signature in wrong {
            let answer = post(&state, signature.as_deref(), &body).await;
            answer.assert_problem(401, "invalid_signature");
        }
        let bytes = TestRequest::post()
            .uri(PATH)
            .insert_header(("X-Hub-Signature-256", &[&b"sha256="[..], &[0xff; 64]].concat()[..]))
            .set_payload(body.clone());
        call(&state, bytes).await.assert_problem(401, "invalid_signature");
        assert_eq!((waiting(test).await.len(), letters(test).await.len()), (0, 0));

        assert_eq!(post(&state, Some(&good), &body).await.status.as_u16(), 200);
        let rotated = webhook("wamid.2", "254700000101", "hi");
        let upper = sign(PREVIOUS, &rotated).to_uppercase().replace("SHA256", "sha256");
        assert_eq!(post(&state, Some(&upper), &rotated).await.status.as_u16(), 200);
        assert_eq!(waiting(test).await.len(), 2);
    });
}

#[actix_web::test]
async fn nothing_unsigned_is_stored_whatever_it_is() {
    let test = TestStore::sqlite();
    let state = state(&test.db);
    for body in [&b""[..], b"{}", b"not json"] {
        post(&state, None, body).await.assert_problem(401, "invalid_signature");
        assert_eq!(post_signed(&state, body).await.status.as_u16(), 200, "signed, it is a dead letter");
    }
    assert_eq!(letters(&test).await.len(), 3);
}
