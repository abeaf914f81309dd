//! The translations for people to read: a changed sentence shows here.

use super::{
    locales_tests::{all_samples, list},
    *,
};
use std::fmt::Write as _;

/// For people to read: what cannot be seen is shown by its name, a no-break space as a blank.
fn catalogue(language: Language) -> String {
    let list = list();
    let mut all = String::new();
    for sentence in all_samples(&list) {
        let key: &str = SentenceKind::from(&sentence).into();
        let _ = writeln!(all, "{key}: {}", text(language, &sentence));
    }
    all.replace('\u{200f}', "<RLM>").replace('\u{200e}', "<LRM>").replace('\u{a0}', " ")
}

#[test]
fn the_spanish_catalogue() {
    insta::assert_snapshot!(catalogue(Language::Es), @r#"
    ask-details: ¿De qué marca, modelo y año es el vehículo, y qué repuesto necesita exactamente?
    ask-details: Por favor escriba el nombre del medicamento, la concentración y la cantidad, tal como aparecen en el empaque o en la receta.
    ask-details: ¿Qué teléfono o modelo busca exactamente? ¿Lo quiere nuevo o usado?
    ask-details: ¿Qué aparato busca exactamente (marca y modelo) y qué debe tener?
    ask-details: ¿Qué necesita exactamente y cuánto de cada cosa?
    ask-details: ¿Qué hay que hacer? ¿Está corriendo el agua en este momento?
    ask-details: ¿Qué hay que hacer? ¿Hay electricidad en este momento?
    ask-details: ¿Qué hay que confeccionar o arreglar, y en qué talla?
    ask-details: Por favor cuénteme un poco más: qué exactamente, cuántas unidades y lo que el vendedor deba saber.
    ask-details: Por favor cuénteme un poco más: qué exactamente, cuántas unidades y lo que el vendedor deba saber.
    ask-details: Por favor cuénteme un poco más: qué exactamente, cuántas unidades y lo que el vendedor deba saber.
    ask-need: ¡Hola! Puedo preguntar a vendedores por lo que usted necesita. ¿Qué está buscando?
    ask-area: ¿En qué zona o ciudad se encuentra?
    ask-when: ¿Para cuándo lo necesita?
    asking-vendors: ¡Gracias! Ya estoy preguntando a los vendedores. Le escribo en cuanto respondan.
    asking-more-vendors: Todavía no tengo suficientes ofertas, así que estoy preguntando a más vendedores.
    asking-when-open: Los vendedores están cerrados en este momento. Les preguntaré en cuanto abran y le escribiré cuando respondan.
    offers-waiting: Tengo ofertas para usted. Responda OK para verlas.
    news-waiting: Tengo novedades sobre su solicitud. Responda OK para leerlas.
    still-waiting: Sigo esperando respuestas. Le escribo en cuanto tenga alguna.
    no-vendors-found: Lo siento, hasta ahora ningún vendedor pudo ayudar con esto. Una persona lo revisará y le responderá.
    vendor-inquiry: ¡Hola! Somos el asistente de un mercado en línea y un cliente busca:

    Toyota Corolla 2014

    ¿Lo tiene, cuánto cuesta y cuándo lo podría recibir el cliente?
    • Toyota Corolla 2014
    • Infinix Hot 40

    Responda aquí mismo.
    vendor-inquiry: ¡Hola! Somos el asistente de un mercado en línea y un cliente busca:

    Toyota Corolla 2014

    ¿Lo tiene, cuánto cuesta y cuándo lo podría recibir el cliente?

    Responda aquí mismo.
    vendor-follow-up: ¡Gracias! Una pregunta más sobre "Toyota Corolla 2014": Bosch?
    vendor-which-request: ¡Gracias! ¿A cuál de estas solicitudes se refiere su respuesta? Por favor responda a ese mensaje o escriba el nombre:

    1. Toyota Corolla 2014
    2. Infinix Hot 40
    vendor-thanks: Gracias por su respuesta. Por ahora el cliente ya está atendido; le escribiremos con la próxima solicitud.
    shortlist-line: 1. Kamau Spares – KES 3,500, 17:00, a 2.3 km
    shortlist-line: 2. AutoParts & Co – precio no indicado
    shortlist-footer: Responda con el número de la oferta que quiere y le pongo en contacto.
    handoff-to-client: ¡Excelente elección! Kamau Spares espera su mensaje. Puede comunicarse al +254700000201. También tienen su contacto.
    handoff-to-vendor: Buenas noticias: Amina eligió su oferta para "Toyota Corolla 2014". Puede comunicarse al +254700000101.
    handoff-to-vendor: Buenas noticias: un cliente eligió su oferta para "Toyota Corolla 2014". Ya tiene su número y se comunicará con usted.
    media-please-type: Todavía no puedo leer imágenes ni documentos. Por favor escriba lo que necesita, por ejemplo lo que dice ahí.
    media-unreadable: No puedo leer este tipo de mensaje. Por favor escriba lo que necesita.
    processing-image: Procesando la imagen…
    document-confirm: Esto es lo que leo en su imagen:

    • Toyota Corolla 2014
    • Infinix Hot 40

    ¿Es lo que necesita? Responda SÍ, o escriba lo que necesita.
    document-unreadable: No puedo leer bien su imagen. Por favor escriba lo que necesita, por ejemplo lo que dice ahí.
    escalated: Gracias por su paciencia. Una persona le responderá por aquí.
    request-closed: Esta solicitud está cerrada. Escríbame cuando necesite algo más.
    stop-confirmed: Ya no recibirá más mensajes nuestros. Envíe INICIAR si cambia de opinión.
    start-confirmed: ¡Qué gusto saludarle de nuevo! Volverá a recibir nuestros mensajes.
    language-set: Con gusto, desde ahora le escribo en español.
    calling-unavailable: Por el momento no puedo hacer llamadas, pero con gusto seguimos por este chat.
    consent-prompt: Para agilizar esto, puedo hacer una llamada de WhatsApp. ¿Autoriza una llamada para esta solicitud?
    consent-granted: Gracias. Es posible que haga una llamada si hace falta.
    consent-denied: Entendido. Seguiremos por chat.
    consent-reminder: Por favor responda a mi pregunta anterior con SÍ o NO.
    call-failed: La llamada no se pudo completar; seguimos por chat.
    button-yes: SÍ
    button-no: NO
    button-in-stock: Sí, lo tenemos
    button-out-of-stock: No
    button-pick: 2. Mama Njeri Quali…
    shortlist-header: Esta es la oferta que tengo para usted:
    shortlist-header: Estas son las 2 ofertas que tengo para usted:
    shortlist-header: Estas son las 3 ofertas que tengo para usted:
    shortlist-header: Estas son las 11 ofertas que tengo para usted:
    shortlist-header: Estas son las 100 ofertas que tengo para usted:
    pick-unclear: Por favor responda 1 si quiere esta oferta, o dígame qué preferiría.
    pick-unclear: Por favor responda con el número de la oferta que quiere, del 1 al 2.
    pick-unclear: Por favor responda con el número de la oferta que quiere, del 1 al 3.
    pick-unclear: Por favor responda con el número de la oferta que quiere, del 1 al 11.
    pick-unclear: Por favor responda con el número de la oferta que quiere, del 1 al 100.
    "#);
}

#[test]
fn the_portuguese_catalogue() {
    insta::assert_snapshot!(catalogue(Language::Pt), @r#"
    ask-details: Qual é a marca, o modelo e o ano do veículo, e de qual peça você precisa exatamente?
    ask-details: Por favor, digite o nome do medicamento, a concentração e a quantidade, como está escrito na embalagem ou na receita.
    ask-details: Qual celular ou modelo exatamente? Você quer novo ou usado?
    ask-details: Qual aparelho exatamente (marca e modelo) e o que ele precisa ter?
    ask-details: Do que você precisa exatamente e quanto de cada item?
    ask-details: O que precisa ser feito? Tem água correndo agora?
    ask-details: O que precisa ser feito? Tem energia agora?
    ask-details: O que precisa ser costurado ou ajustado, e em que tamanho?
    ask-details: Por favor, conte um pouco mais: o que exatamente, quantas unidades e o que o vendedor precisa saber.
    ask-details: Por favor, conte um pouco mais: o que exatamente, quantas unidades e o que o vendedor precisa saber.
    ask-details: Por favor, conte um pouco mais: o que exatamente, quantas unidades e o que o vendedor precisa saber.
    ask-need: Olá! Posso perguntar a vendedores sobre o que você precisa. O que você está procurando?
    ask-area: Em que bairro ou cidade você está?
    ask-when: Para quando você precisa?
    asking-vendors: Obrigado! Já estou perguntando aos vendedores. Aviso você assim que responderem.
    asking-more-vendors: Ainda não tenho ofertas suficientes, então estou perguntando a mais vendedores.
    asking-when-open: Os vendedores estão fechados neste momento. Vou perguntar assim que abrirem e escrevo quando responderem.
    offers-waiting: Tenho ofertas para você. Responda OK para vê-las.
    news-waiting: Tenho novidades sobre o seu pedido. Responda OK para lê-las.
    still-waiting: Ainda estou esperando respostas. Escrevo assim que tiver alguma.
    no-vendors-found: Sinto muito, até agora nenhum vendedor conseguiu ajudar com isso. Uma pessoa vai verificar e responder a você.
    vendor-inquiry: Olá! Somos o assistente de um mercado digital e um cliente está procurando:

    Toyota Corolla 2014

    Você tem? Quanto custa e quando o cliente poderia receber?
    • Toyota Corolla 2014
    • Infinix Hot 40

    É só responder aqui.
    vendor-inquiry: Olá! Somos o assistente de um mercado digital e um cliente está procurando:

    Toyota Corolla 2014

    Você tem? Quanto custa e quando o cliente poderia receber?

    É só responder aqui.
    vendor-follow-up: Obrigado! Mais uma pergunta sobre "Toyota Corolla 2014": Bosch?
    vendor-which-request: Obrigado! A qual destes pedidos se refere a sua resposta? Por favor, responda àquela mensagem ou escreva o nome:

    1. Toyota Corolla 2014
    2. Infinix Hot 40
    vendor-thanks: Obrigado pela resposta. O cliente já foi atendido por enquanto; escreveremos de novo no próximo pedido.
    shortlist-line: 1. Kamau Spares – KES 3.500, 17:00, a 2,3 km
    shortlist-line: 2. AutoParts & Co – preço não informado
    shortlist-footer: Responda com o número da oferta que você quer e eu coloco vocês em contato.
    handoff-to-client: Ótima escolha! Kamau Spares está esperando o seu contato. Você pode falar pelo +254700000201. Eles também têm o seu contato.
    handoff-to-vendor: Boa notícia: Amina escolheu a sua oferta para "Toyota Corolla 2014". Você pode falar pelo +254700000101.
    handoff-to-vendor: Boa notícia: um cliente escolheu a sua oferta para "Toyota Corolla 2014". O cliente tem o seu número e vai entrar em contato.
    media-please-type: Ainda não consigo ler imagens nem documentos. Por favor, digite o que você precisa, por exemplo o que está escrito ali.
    media-unreadable: Não consigo ler este tipo de mensagem. Por favor, digite o que você precisa.
    processing-image: Processando a imagem…
    document-confirm: Isto é o que leio na sua imagem:

    • Toyota Corolla 2014
    • Infinix Hot 40

    É isso que você precisa? Responda SIM, ou digite o que você precisa.
    document-unreadable: Não consigo ler bem a sua imagem. Por favor, digite o que você precisa, por exemplo o que está escrito ali.
    escalated: Obrigado pela paciência. Uma pessoa vai responder a você por aqui.
    request-closed: Este pedido está encerrado. Escreva para mim quando precisar de outra coisa.
    stop-confirmed: Você não vai mais receber nossas mensagens. Envie VOLTAR se mudar de ideia.
    start-confirmed: Que bom ter você de volta! Você vai receber nossas mensagens novamente.
    language-set: Claro, a partir de agora escrevo em português.
    calling-unavailable: No momento não posso fazer ligações, mas continuo com prazer aqui no chat.
    consent-prompt: Para agilizar, posso fazer uma ligação pelo WhatsApp. Você autoriza uma ligação para este pedido?
    consent-granted: Obrigado. Posso fazer uma ligação se for necessário.
    consent-denied: Entendido. Vamos continuar pelo chat.
    consent-reminder: Por favor, responda à minha pergunta acima com SIM ou NÃO.
    call-failed: A ligação não foi completada; continuamos pelo chat.
    button-yes: SIM
    button-no: NÃO
    button-in-stock: Sim, temos
    button-out-of-stock: Não
    button-pick: 2. Mama Njeri Quali…
    shortlist-header: Esta é a oferta que tenho para você:
    shortlist-header: Estas são as 2 ofertas que tenho para você:
    shortlist-header: Estas são as 3 ofertas que tenho para você:
    shortlist-header: Estas são as 11 ofertas que tenho para você:
    shortlist-header: Estas são as 100 ofertas que tenho para você:
    pick-unclear: Por favor, responda 1 se quiser esta oferta, ou diga o que você prefere.
    pick-unclear: Por favor, responda com o número da oferta que você quer, de 1 a 2.
    pick-unclear: Por favor, responda com o número da oferta que você quer, de 1 a 3.
    pick-unclear: Por favor, responda com o número da oferta que você quer, de 1 a 11.
    pick-unclear: Por favor, responda com o número da oferta que você quer, de 1 a 100.
    "#);
}

#[test]
fn the_french_catalogue() {
    insta::assert_snapshot!(catalogue(Language::Fr), @r#"
    ask-details: Quels sont la marque, le modèle et l'année du véhicule, et quelle pièce vous faut-il exactement ?
    ask-details: Merci d'écrire le nom du médicament, sa concentration et la quantité, comme sur la boîte ou l'ordonnance.
    ask-details: Quel téléphone ou modèle exactement, et le voulez-vous neuf ou d'occasion ?
    ask-details: Quel appareil exactement (marque et modèle), et que doit-il avoir ?
    ask-details: Que vous faut-il exactement, et combien de chaque produit ?
    ask-details: Que faut-il faire, et l'eau coule-t-elle en ce moment ?
    ask-details: Que faut-il faire, et y a-t-il du courant en ce moment ?
    ask-details: Que faut-il confectionner ou retoucher, et dans quelle taille ?
    ask-details: Merci de m'en dire un peu plus : quoi exactement, combien, et tout ce que le vendeur devrait savoir.
    ask-details: Merci de m'en dire un peu plus : quoi exactement, combien, et tout ce que le vendeur devrait savoir.
    ask-details: Merci de m'en dire un peu plus : quoi exactement, combien, et tout ce que le vendeur devrait savoir.
    ask-need: Bonjour ! Je peux demander à des vendeurs ce dont vous avez besoin. Que cherchez-vous ?
    ask-area: Dans quel quartier ou quelle ville êtes-vous ?
    ask-when: Pour quand en avez-vous besoin ?
    asking-vendors: Merci ! Je contacte les vendeurs. Je vous écris dès qu'ils répondent.
    asking-more-vendors: Je n'ai pas encore assez d'offres, je contacte donc d'autres vendeurs.
    asking-when-open: Les vendeurs sont fermés en ce moment. Je leur demanderai dès l'ouverture et je vous écrirai quand ils répondront.
    offers-waiting: J'ai des offres pour vous. Répondez OK pour les voir.
    news-waiting: J'ai des nouvelles de votre demande. Répondez OK pour les lire.
    still-waiting: J'attends encore des réponses. Je vous écris dès que j'en ai.
    no-vendors-found: Désolé, aucun vendeur n'a pu vous aider pour le moment. Une personne va s'en occuper et reviendra vers vous.
    vendor-inquiry: Bonjour ! Nous sommes l'assistant d'une place de marché et un client cherche :

    Toyota Corolla 2014

    Est-ce disponible, à quel prix, et quand le client pourrait-il l'avoir ?
    • Toyota Corolla 2014
    • Infinix Hot 40

    Il suffit de répondre ici.
    vendor-inquiry: Bonjour ! Nous sommes l'assistant d'une place de marché et un client cherche :

    Toyota Corolla 2014

    Est-ce disponible, à quel prix, et quand le client pourrait-il l'avoir ?

    Il suffit de répondre ici.
    vendor-follow-up: Merci ! Encore une question sur « Toyota Corolla 2014 » : Bosch?
    vendor-which-request: Merci ! Laquelle de ces demandes votre réponse concerne-t-elle ? Répondez à ce message-là ou écrivez son nom :

    1. Toyota Corolla 2014
    2. Infinix Hot 40
    vendor-thanks: Merci pour votre réponse. Le client est servi pour l'instant ; nous vous écrirons à la prochaine demande.
    shortlist-line: 1. Kamau Spares – KES 3 500, 17:00, à 2,3 km
    shortlist-line: 2. AutoParts & Co – prix non indiqué
    shortlist-footer: Répondez avec le numéro de l'offre que vous voulez et je vous mets en contact.
    handoff-to-client: Excellent choix ! Kamau Spares vous attend. Vous pouvez les joindre au +254700000201. Ils ont aussi vos coordonnées.
    handoff-to-vendor: Bonne nouvelle : Amina a choisi votre offre pour « Toyota Corolla 2014 ». Vous pouvez joindre ce client au +254700000101.
    handoff-to-vendor: Bonne nouvelle : un client a choisi votre offre pour « Toyota Corolla 2014 ». Ce client a votre numéro et vous contactera.
    media-please-type: Je ne peux pas encore lire les images ni les documents. Merci d'écrire ce qu'il vous faut, par exemple ce qui y est inscrit.
    media-unreadable: Je ne peux pas lire ce type de message. Merci d'écrire ce qu'il vous faut.
    processing-image: Traitement de l'image…
    document-confirm: Voici ce que je lis sur votre image :

    • Toyota Corolla 2014
    • Infinix Hot 40

    Est-ce bien ce qu'il vous faut ? Répondez OUI, ou écrivez ce qu'il vous faut.
    document-unreadable: Je n'arrive pas à bien lire votre image. Merci d'écrire ce qu'il vous faut, par exemple ce qui y est inscrit.
    escalated: Merci de votre patience. Une personne vous répondra ici.
    request-closed: Cette demande est terminée. Écrivez-moi dès que vous avez besoin d'autre chose.
    stop-confirmed: Vous ne recevrez plus de messages de notre part. Envoyez REPRENDRE si vous changez d'avis.
    start-confirmed: Ravi de vous retrouver ! Vous recevrez de nouveau nos messages.
    language-set: Bien sûr, je vous écris désormais en français.
    calling-unavailable: Je ne peux pas passer d'appels pour le moment, mais je continue volontiers ici par chat.
    consent-prompt: Pour aller plus vite, je peux passer un appel WhatsApp. Autorisez-vous un appel pour cette demande ?
    consent-granted: Merci. Je pourrai passer un appel si nécessaire.
    consent-denied: C'est noté. Nous continuerons par chat.
    consent-reminder: Merci de répondre à ma question ci-dessus par OUI ou NON.
    call-failed: L'appel n'a pas abouti ; nous continuons par chat.
    button-yes: OUI
    button-no: NON
    button-in-stock: Oui, nous l'avons
    button-out-of-stock: Non
    button-pick: 2. Mama Njeri Quali…
    shortlist-header: Voici l'offre que j'ai pour vous :
    shortlist-header: Voici les 2 offres que j'ai pour vous :
    shortlist-header: Voici les 3 offres que j'ai pour vous :
    shortlist-header: Voici les 11 offres que j'ai pour vous :
    shortlist-header: Voici les 100 offres que j'ai pour vous :
    pick-unclear: Merci de répondre 1 si vous voulez cette offre, ou de me dire ce que vous préférez.
    pick-unclear: Merci de répondre avec le numéro de l'offre que vous voulez, de 1 à 2.
    pick-unclear: Merci de répondre avec le numéro de l'offre que vous voulez, de 1 à 3.
    pick-unclear: Merci de répondre avec le numéro de l'offre que vous voulez, de 1 à 11.
    pick-unclear: Merci de répondre avec le numéro de l'offre que vous voulez, de 1 à 100.
    "#);
}

#[test]
fn the_swahili_catalogue() {
    insta::assert_snapshot!(catalogue(Language::Sw), @r#"
    ask-details: Gari ni aina gani, modeli gani na la mwaka gani, na unahitaji kipuri kipi hasa?
    ask-details: Tafadhali andika jina la dawa, nguvu yake na kiasi, kama ilivyoandikwa kwenye pakiti au cheti cha daktari.
    ask-details: Ni simu au modeli ipi hasa, na unataka mpya au iliyotumika?
    ask-details: Ni kifaa kipi hasa (chapa na modeli), na kiwe na nini?
    ask-details: Unahitaji nini hasa, na kiasi gani cha kila kitu?
    ask-details: Kazi gani inahitajika, na je, maji yanatoka sasa?
    ask-details: Kazi gani inahitajika, na je, umeme upo sasa?
    ask-details: Ungependa kushonewa au kurekebishiwa nini, na kwa kipimo gani?
    ask-details: Tafadhali nieleze zaidi kidogo: nini hasa, ngapi, na chochote ambacho muuzaji anapaswa kujua.
    ask-details: Tafadhali nieleze zaidi kidogo: nini hasa, ngapi, na chochote ambacho muuzaji anapaswa kujua.
    ask-details: Tafadhali nieleze zaidi kidogo: nini hasa, ngapi, na chochote ambacho muuzaji anapaswa kujua.
    ask-need: Habari! Ninaweza kuwauliza wauzaji kuhusu unachohitaji. Unatafuta nini?
    ask-area: Uko eneo au mji gani?
    ask-when: Unahitaji lini?
    asking-vendors: Asante! Ninawauliza wauzaji sasa. Nitakujulisha mara tu watakapojibu.
    asking-more-vendors: Bado sina ofa za kutosha, kwa hiyo ninawauliza wauzaji wengine zaidi.
    asking-when-open: Wauzaji wamefunga kwa sasa. Nitawauliza mara watakapofungua na nitakuandikia watakapojibu.
    offers-waiting: Nina ofa kwa ajili yako. Jibu OK ili kuziona.
    news-waiting: Nina habari kuhusu ombi lako. Jibu OK ili kuisoma.
    still-waiting: Bado ninasubiri majibu. Nitakuandikia mara tu nitakapoyapata.
    no-vendors-found: Samahani, hadi sasa hakuna muuzaji aliyeweza kusaidia. Mhudumu ataliangalia ombi hili na kukujibu.
    vendor-inquiry: Habari! Sisi ni msaidizi wa soko la mtandaoni na mteja anatafuta:

    Toyota Corolla 2014

    Je, ipo, ni bei gani, na mteja anaweza kuipata lini?
    • Toyota Corolla 2014
    • Infinix Hot 40

    Jibu hapa hapa tu.
    vendor-inquiry: Habari! Sisi ni msaidizi wa soko la mtandaoni na mteja anatafuta:

    Toyota Corolla 2014

    Je, ipo, ni bei gani, na mteja anaweza kuipata lini?

    Jibu hapa hapa tu.
    vendor-follow-up: Asante! Swali moja zaidi kuhusu "Toyota Corolla 2014": Bosch?
    vendor-which-request: Asante! Jibu lako linahusu ombi lipi kati ya haya? Tafadhali jibu ujumbe huo, au andika jina lake:

    1. Toyota Corolla 2014
    2. Infinix Hot 40
    vendor-thanks: Asante kwa jibu lako. Mteja amehudumiwa kwa sasa; tutakuandikia tena ombi lingine likija.
    shortlist-line: 1. Kamau Spares – KES 3,500, 17:00, umbali wa km 2.3
    shortlist-line: 2. AutoParts & Co – bei haikutajwa
    shortlist-footer: Jibu kwa namba ya ofa unayoitaka, nami nitawaunganisha.
    handoff-to-client: Chaguo zuri! Kamau Spares wanakusubiri. Unaweza kuwapata kwa +254700000201. Wao pia wana namba yako.
    handoff-to-vendor: Habari njema: Amina amechagua ofa yako ya "Toyota Corolla 2014". Unaweza kuwasiliana naye kwa +254700000101.
    handoff-to-vendor: Habari njema: mteja amechagua ofa yako ya "Toyota Corolla 2014". Ana namba yako na atawasiliana nawe.
    media-please-type: Bado siwezi kusoma picha wala hati. Tafadhali andika unachohitaji, kwa mfano maandishi yaliyomo.
    media-unreadable: Siwezi kusoma aina hii ya ujumbe. Tafadhali andika unachohitaji.
    processing-image: Ninasoma picha…
    document-confirm: Nimesoma haya kwenye picha yako:

    • Toyota Corolla 2014
    • Infinix Hot 40

    Je, ndicho unachohitaji? Jibu NDIYO, au andika unachohitaji.
    document-unreadable: Siwezi kusoma picha yako vizuri. Tafadhali andika unachohitaji, kwa mfano maandishi yaliyomo.
    escalated: Asante kwa uvumilivu wako. Mhudumu atakujibu hapa.
    request-closed: Ombi hili limefungwa. Niandikie wakati wowote ukihitaji kitu kingine.
    stop-confirmed: Hutapokea tena ujumbe kutoka kwetu. Tuma ANZA ukibadili nia.
    start-confirmed: Karibu tena! Utapokea tena ujumbe wetu.
    language-set: Sawa, kuanzia sasa nitakuandikia kwa Kiswahili.
    calling-unavailable: Kwa sasa siwezi kupiga simu, lakini tuendelee hapa kwa ujumbe.
    consent-prompt: Ili kuharakisha, ninaweza kupiga simu ya WhatsApp. Je, unaruhusu simu kwa ombi hili?
    consent-granted: Asante. Huenda nikapiga simu ikihitajika.
    consent-denied: Nimeelewa. Tutaendelea kwa ujumbe.
    consent-reminder: Tafadhali jibu swali langu hapo juu kwa NDIYO au HAPANA.
    call-failed: Simu haikufanikiwa; tunaendelea kwa ujumbe.
    button-yes: NDIYO
    button-no: HAPANA
    button-in-stock: Ndiyo, ipo
    button-out-of-stock: Hapana
    button-pick: 2. Mama Njeri Quali…
    shortlist-header: Hii ndiyo ofa niliyokupatia:
    shortlist-header: Hizi ndizo ofa 2 nilizokupatia:
    shortlist-header: Hizi ndizo ofa 3 nilizokupatia:
    shortlist-header: Hizi ndizo ofa 11 nilizokupatia:
    shortlist-header: Hizi ndizo ofa 100 nilizokupatia:
    pick-unclear: Tafadhali jibu 1 kama unataka ofa hii, au niambie ungependa nini badala yake.
    pick-unclear: Tafadhali jibu kwa namba ya ofa unayoitaka, 1 hadi 2.
    pick-unclear: Tafadhali jibu kwa namba ya ofa unayoitaka, 1 hadi 3.
    pick-unclear: Tafadhali jibu kwa namba ya ofa unayoitaka, 1 hadi 11.
    pick-unclear: Tafadhali jibu kwa namba ya ofa unayoitaka, 1 hadi 100.
    "#);
}

#[test]
fn the_arabic_catalogue() {
    insta::assert_snapshot!(catalogue(Language::Ar), @r#"
    ask-details: ما نوع السيارة وطرازها وسنة صنعها، وما هي القطعة المطلوبة بالضبط؟
    ask-details: يرجى كتابة اسم الدواء وتركيزه والكمية كما هي مكتوبة على العلبة أو الوصفة الطبية.
    ask-details: ما الهاتف أو الطراز المطلوب بالضبط، وهل المطلوب جديد أم مستعمل؟
    ask-details: ما الجهاز المطلوب بالضبط (الماركة والطراز)، وما المواصفات المطلوبة؟
    ask-details: ما الذي يلزمك بالضبط، وما الكمية من كل صنف؟
    ask-details: ما العمل المطلوب، وهل الماء يجري الآن؟
    ask-details: ما العمل المطلوب، وهل الكهرباء متوفرة الآن؟
    ask-details: ما المطلوب تفصيله أو تعديله، وبأي مقاس؟
    ask-details: يرجى ذكر تفاصيل أكثر: ما المطلوب بالضبط، وما العدد، وأي شيء ينبغي أن يعرفه البائع.
    ask-details: يرجى ذكر تفاصيل أكثر: ما المطلوب بالضبط، وما العدد، وأي شيء ينبغي أن يعرفه البائع.
    ask-details: يرجى ذكر تفاصيل أكثر: ما المطلوب بالضبط، وما العدد، وأي شيء ينبغي أن يعرفه البائع.
    ask-need: مرحبًا! يمكنني أن أسأل البائعين عما يلزمك. ما هو طلبك؟
    ask-area: في أي منطقة أو مدينة أنت؟
    ask-when: متى يلزمك ذلك؟
    asking-vendors: شكرًا! أسأل البائعين الآن، وسأكتب لك فور وصول ردودهم.
    asking-more-vendors: ليست لدي عروض كافية بعد، لذلك أسأل المزيد من البائعين.
    asking-when-open: البائعون مغلقون الآن. سأسألهم حالما يفتحون وأكتب لك عندما يجيبون.
    offers-waiting: لدي عروض لك. أجب بـ OK لرؤيتها.
    news-waiting: لدي أخبار عن طلبك. أجب بـ OK لقراءتها.
    still-waiting: ما زلت أنتظر الردود، وسأكتب لك فور وصولها.
    no-vendors-found: عذرًا، لم يتمكن أي بائع من المساعدة حتى الآن. سيتابع أحد موظفينا الأمر ويرد عليك.
    vendor-inquiry: مرحبًا! نحن مساعد لسوق إلكتروني، وأحد العملاء يبحث عن:

    Toyota Corolla 2014

    هل هو متوفر، وكم سعره، ومتى يمكن أن يحصل عليه العميل؟
    • Toyota Corolla 2014
    • Infinix Hot 40

    يكفي الرد هنا.
    vendor-inquiry: مرحبًا! نحن مساعد لسوق إلكتروني، وأحد العملاء يبحث عن:

    Toyota Corolla 2014

    هل هو متوفر، وكم سعره، ومتى يمكن أن يحصل عليه العميل؟

    يكفي الرد هنا.
    vendor-follow-up: شكرًا! سؤال آخر بخصوص «Toyota Corolla 2014»: Bosch?
    vendor-which-request: شكرًا! أي طلب من هذه الطلبات يخصه ردك؟ يرجى الرد على تلك الرسالة نفسها أو كتابة اسم الطلب:

    1. Toyota Corolla 2014
    2. Infinix Hot 40
    vendor-thanks: شكرًا لردك. تمت خدمة العميل في الوقت الحالي، وسنكتب لك عند الطلب القادم.
    shortlist-line: <RLM>1. Kamau Spares – KES 3,500، 17:00، على بعد 2.3 كم
    shortlist-line: <RLM>2. AutoParts & Co – السعر غير مذكور
    shortlist-footer: يرجى الرد برقم العرض المطلوب، وسأوصلك بالبائع.
    handoff-to-client: اختيار ممتاز! Kamau Spares بانتظارك. يمكنك التواصل معهم على الرقم <LRM>+254700000201، ولديهم رقمك أيضًا.
    handoff-to-vendor: خبر سار: وقع اختيار Amina على عرضك بخصوص «Toyota Corolla 2014». يمكنك التواصل على الرقم <LRM>+254700000101.
    handoff-to-vendor: خبر سار: وقع اختيار أحد العملاء على عرضك بخصوص «Toyota Corolla 2014». لدى العميل رقمك وسيتواصل معك.
    media-please-type: لا يمكنني قراءة الصور أو المستندات بعد. يرجى كتابة ما يلزمك، مثلًا ما هو مكتوب فيها.
    media-unreadable: لا يمكنني قراءة هذا النوع من الرسائل. يرجى كتابة ما يلزمك.
    processing-image: جارٍ معالجة الصورة…
    document-confirm: هذا ما قرأته في صورتك:

    • Toyota Corolla 2014
    • Infinix Hot 40

    هل هذا ما يلزمك؟ يرجى الرد بكلمة نعم، أو كتابة ما يلزمك.
    document-unreadable: لا يمكنني قراءة صورتك جيدًا. يرجى كتابة ما يلزمك، مثلًا ما هو مكتوب فيها.
    escalated: شكرًا لصبرك. سيرد عليك أحد موظفينا هنا.
    request-closed: تم إغلاق هذا الطلب. يمكنك مراسلتي متى احتجت إلى شيء آخر.
    stop-confirmed: لن تصلك رسائل منا بعد الآن. إذا غيرت رأيك، يكفي إرسال كلمة «ابدأ».
    start-confirmed: أهلًا بعودتك! ستصلك رسائلنا من جديد.
    language-set: حسنًا، سأكتب لك بالعربية من الآن فصاعدًا.
    calling-unavailable: لا يمكنني إجراء مكالمات حاليًا، لكن يسعدني أن نكمل هنا عبر الرسائل.
    consent-prompt: لتسريع الأمر، يمكنني إجراء مكالمة عبر واتساب. هل تسمح بمكالمة بخصوص هذا الطلب؟
    consent-granted: شكرًا. قد أجري مكالمة إذا لزم الأمر.
    consent-denied: مفهوم. سنتابع عبر الرسائل.
    consent-reminder: من فضلك أجب عن سؤالي أعلاه بنعم أو لا.
    call-failed: لم تتم المكالمة؛ سنتابع عبر الرسائل.
    button-yes: نعم
    button-no: لا
    button-in-stock: نعم، متوفر
    button-out-of-stock: لا
    button-pick: 2. Mama Njeri Quali…
    shortlist-header: وجدت لك هذا العرض:
    shortlist-header: وجدت لك هذين العرضين:
    shortlist-header: وجدت لك 3 عروض:
    shortlist-header: وجدت لك 11 عرضًا:
    shortlist-header: وجدت لك 100 عرض:
    pick-unclear: يرجى الرد بالرقم 1 لقبول هذا العرض، أو كتابة ما تفضله بدلًا منه.
    pick-unclear: يرجى الرد برقم العرض المطلوب، 1 أو 2.
    pick-unclear: يرجى الرد برقم العرض المطلوب، من 1 إلى 3.
    pick-unclear: يرجى الرد برقم العرض المطلوب، من 1 إلى 11.
    pick-unclear: يرجى الرد برقم العرض المطلوب، من 1 إلى 100.
    "#);
}
