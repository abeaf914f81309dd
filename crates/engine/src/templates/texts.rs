//! What an operator submits to Meta: the body of every template in every language that ships, and its buttons.
//!
//! Meta takes no body that begins or ends with a parameter, and wants a sample of what the parameter will be.

use marketplace::Language;

use super::{CALL_PERMISSION, CLIENT_UPDATE, CONSENT_PROMPT, HANDOFF_CLIENT, HANDOFF_VENDOR, VENDOR_INQUIRY};

/// Where the parameter stands.
pub const PARAMETER: &str = "{{1}}";

/// The body in a language, as Meta wants it written; `None` for a purpose that is none of ours.
pub fn body(purpose: &str, language: Language) -> Option<&'static str> {
    use Language::{Ar, En, Es, Fr, Pt, Sw};
    Some(match (purpose, language) {
        (VENDOR_INQUIRY, En) => "A customer of our marketplace is asking: {{1}} You can answer in this chat.",
        (VENDOR_INQUIRY, Es) => "Un cliente de nuestro mercado pregunta: {{1}} Puede responder en este chat.",
        (VENDOR_INQUIRY, Pt) => "Um cliente do nosso mercado pergunta: {{1}} Pode responder nesta conversa.",
        (VENDOR_INQUIRY, Fr) => {
            "Un client de notre place de marché demande : {{1}} Vous pouvez répondre dans cette discussion."
        }
        (VENDOR_INQUIRY, Sw) => "Mteja wa soko letu anauliza: {{1}} Unaweza kujibu katika gumzo hili.",
        (VENDOR_INQUIRY, Ar) => "يسأل أحد عملاء سوقنا: {{1}} يمكنك الرد في هذه المحادثة.",
        (CLIENT_UPDATE, En) => "About your request: {{1}} You can answer in this chat.",
        (CLIENT_UPDATE, Es) => "Sobre su solicitud: {{1}} Puede responder en este chat.",
        (CLIENT_UPDATE, Pt) => "Sobre o seu pedido: {{1}} Pode responder nesta conversa.",
        (CLIENT_UPDATE, Fr) => {
            "À propos de votre demande : {{1}} Vous pouvez répondre dans cette discussion."
        }
        (CLIENT_UPDATE, Sw) => "Kuhusu ombi lako: {{1}} Unaweza kujibu katika gumzo hili.",
        (CLIENT_UPDATE, Ar) => "بخصوص طلبك: {{1}} يمكنك الرد في هذه المحادثة.",
        (HANDOFF_CLIENT, En) => "The vendor you chose: {{1}} Thank you for asking us.",
        (HANDOFF_CLIENT, Es) => "El vendedor que eligió: {{1}} Gracias por consultarnos.",
        (HANDOFF_CLIENT, Pt) => "O vendedor que escolheu: {{1}} Obrigado por nos consultar.",
        (HANDOFF_CLIENT, Fr) => "Le vendeur que vous avez choisi : {{1}} Merci de nous avoir consultés.",
        (HANDOFF_CLIENT, Sw) => "Muuzaji uliyemchagua: {{1}} Asante kwa kutuuliza.",
        (HANDOFF_CLIENT, Ar) => "البائع الذي اخترته: {{1}} شكرا لسؤالك لنا.",
        (HANDOFF_VENDOR, En) => "A customer chose your offer: {{1}} Thank you for your answer.",
        (HANDOFF_VENDOR, Es) => "Un cliente eligió su oferta: {{1}} Gracias por su respuesta.",
        (HANDOFF_VENDOR, Pt) => "Um cliente escolheu a sua oferta: {{1}} Obrigado pela sua resposta.",
        (HANDOFF_VENDOR, Fr) => "Un client a choisi votre offre : {{1}} Merci de votre réponse.",
        (HANDOFF_VENDOR, Sw) => "Mteja amechagua ofa yako: {{1}} Asante kwa jibu lako.",
        (HANDOFF_VENDOR, Ar) => "اختار عميل عرضك: {{1}} شكرا على ردك.",
        (CONSENT_PROMPT, En) => "A question about your request: {{1}} Please choose an answer below.",
        (CONSENT_PROMPT, Es) => "Una pregunta sobre su solicitud: {{1}} Elija una respuesta abajo.",
        (CONSENT_PROMPT, Pt) => "Uma pergunta sobre o seu pedido: {{1}} Escolha uma resposta abaixo.",
        (CONSENT_PROMPT, Fr) => {
            "Une question sur votre demande : {{1}} Choisissez une réponse ci-dessous, s'il vous plaît."
        }
        (CONSENT_PROMPT, Sw) => "Swali kuhusu ombi lako: {{1}} Tafadhali chagua jibu hapa chini.",
        (CONSENT_PROMPT, Ar) => "سؤال بخصوص طلبك: {{1}} اختر إجابة أدناه من فضلك.",
        (CALL_PERMISSION, En) => "About a call: {{1}} Please choose below whether we may call you.",
        (CALL_PERMISSION, Es) => "Sobre una llamada: {{1}} Elija abajo si podemos llamarle.",
        (CALL_PERMISSION, Pt) => "Sobre uma chamada: {{1}} Escolha abaixo se podemos ligar.",
        (CALL_PERMISSION, Fr) => {
            "À propos d'un appel : {{1}} Indiquez ci-dessous si nous pouvons vous appeler."
        }
        (CALL_PERMISSION, Sw) => "Kuhusu simu: {{1}} Tafadhali chagua hapa chini kama tunaweza kukupigia.",
        (CALL_PERMISSION, Ar) => "بخصوص مكالمة: {{1}} اختر أدناه إن كان يمكننا الاتصال بك.",
        _ => return None,
    })
}

/// What the parameter may look like: the sample that Meta asks for beside the body.
pub fn sample(purpose: &str) -> Option<&'static str> {
    Some(match purpose {
        VENDOR_INQUIRY => {
            "Hello! We are a marketplace assistant and a customer is looking for: Front brake pads for a Toyota Corolla 2014. Do you have it, what does it cost, and when could the customer get it? Just answer here."
        }
        CLIENT_UPDATE => "I have offers for you. Reply OK to see them.",
        HANDOFF_CLIENT => {
            "Great choice! Acacia Spares is expecting you. You can reach them at +254700000101. They have your contact too."
        }
        HANDOFF_VENDOR => {
            "Good news: Amina chose your offer for \"Front brake pads\". You can reach them at +254700000202."
        }
        CONSENT_PROMPT => {
            "To speed this up, I can place a WhatsApp call. Do you allow a call for this request?"
        }
        CALL_PERMISSION => "We may have a question about a customer's request.",
        _ => return None,
    })
}

/// What the template needs beside its body.
pub fn extras(purpose: &str) -> Option<&'static str> {
    match purpose {
        CONSENT_PROMPT => Some("two quick-reply buttons: YES, then NO (in the template's language)"),
        CALL_PERMISSION => Some("the component of type call_permission_request"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;
    use crate::templates::purposes;

    #[test]
    fn every_purpose_has_a_body_in_every_language_that_meta_takes() {
        for purpose in purposes() {
            for language in Language::iter() {
                let body = body(purpose, language).unwrap_or_else(|| panic!("{purpose} in {language}"));
                assert_eq!(body.matches(PARAMETER).count(), 1, "{body}");
                assert!(!body.starts_with('{') && !body.trim_end().ends_with('}'), "{body}");
                assert!(body.chars().count() <= 1_024 && !body.contains('\n'), "{body}");
            }
            assert!(!sample(purpose).unwrap().contains('\n'));
        }
        assert_eq!((body("birthday", Language::En), sample("birthday")), (None, None));
    }

    /// The page that operators submit from holds every word of it.
    #[test]
    fn the_documents_show_what_to_submit() {
        let page = include_str!("../../../../docs/operations/templates.md");
        for purpose in purposes() {
            for language in Language::iter() {
                let body = body(purpose, language).unwrap();
                assert!(
                    page.contains(body),
                    "docs/operations/templates.md lacks {purpose} in {language}: {body}"
                );
            }
            assert!(page.contains(sample(purpose).unwrap()), "no sample of {purpose}");
        }
    }
}
