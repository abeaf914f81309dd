# Every fixed sentence in French, to `vous`. The English file says what each is for.
# Before ! ? : ; and inside « » stands a no-break space, U+00A0; a test holds it.

### To a client

ask-need = Bonjour ! Je peux demander à des vendeurs ce dont vous avez besoin. Que cherchez-vous ?
# No word for a dose: a question with one is refused where a prescription is involved.
ask-details = { $category ->
    [spare_parts] Quels sont la marque, le modèle et l'année du véhicule, et quelle pièce vous faut-il exactement ?
    [pharmacy] Merci d'écrire le nom du médicament, sa concentration et la quantité, comme sur la boîte ou l'ordonnance.
    [phones] Quel téléphone ou modèle exactement, et le voulez-vous neuf ou d'occasion ?
    [electronics] Quel appareil exactement (marque et modèle), et que doit-il avoir ?
    [groceries] Que vous faut-il exactement, et combien de chaque produit ?
    [plumbing] Que faut-il faire, et l'eau coule-t-elle en ce moment ?
    [electrical] Que faut-il faire, et y a-t-il du courant en ce moment ?
    [tailoring] Que faut-il confectionner ou retoucher, et dans quelle taille ?
   *[other] Merci de m'en dire un peu plus : quoi exactement, combien, et tout ce que le vendeur devrait savoir.
}
ask-area = Dans quel quartier ou quelle ville êtes-vous ?
ask-when = Pour quand en avez-vous besoin ?
asking-vendors = Merci ! Je contacte les vendeurs. Je vous écris dès qu'ils répondent.
asking-more-vendors = Je n'ai pas encore assez d'offres, je contacte donc d'autres vendeurs.
asking-when-open = Les vendeurs sont fermés en ce moment. Je leur demanderai dès l'ouverture et je vous écrirai quand ils répondront.
offers-waiting = J'ai des offres pour vous. Répondez OK pour les voir.
news-waiting = J'ai des nouvelles de votre demande. Répondez OK pour les lire.
still-waiting = J'attends encore des réponses. Je vous écris dès que j'en ai.
no-vendors-found = Désolé, aucun vendeur n'a pu vous aider pour le moment. Une personne va s'en occuper et reviendra vers vous.
shortlist-header = { $count ->
    [one] Voici l'offre que j'ai pour vous :
   *[other] Voici les { $count } offres que j'ai pour vous :
}
shortlist-line = { $position }. { $vendor } – { $has_price ->
    [yes] { $price }
   *[no] prix non indiqué
}{ $has_eta ->
    [yes] , { $eta }
   *[no] {""}
}{ $has_distance ->
    [yes] , à { $distance } km
   *[no] {""}
}
shortlist-footer = Répondez avec le numéro de l'offre que vous voulez et je vous mets en contact.
pick-unclear = { $count ->
    [one] Merci de répondre 1 si vous voulez cette offre, ou de me dire ce que vous préférez.
   *[other] Merci de répondre avec le numéro de l'offre que vous voulez, de 1 à { $count }.
}
handoff-to-client = Excellent choix ! { $vendor } vous attend. Vous pouvez les joindre au { $phone }. Ils ont aussi vos coordonnées.
media-please-type = Je ne peux pas encore lire les images ni les documents. Merci d'écrire ce qu'il vous faut, par exemple ce qui y est inscrit.
media-unreadable = Je ne peux pas lire ce type de message. Merci d'écrire ce qu'il vous faut.
processing-image = Traitement de l'image…
document-confirm = Voici ce que je lis sur votre image :

    { $lines }

    Est-ce bien ce qu'il vous faut ? Répondez OUI, ou écrivez ce qu'il vous faut.
document-unreadable = Je n'arrive pas à bien lire votre image. Merci d'écrire ce qu'il vous faut, par exemple ce qui y est inscrit.
escalated = Merci de votre patience. Une personne vous répondra ici.
request-closed = Cette demande est terminée. Écrivez-moi dès que vous avez besoin d'autre chose.
stop-confirmed = Vous ne recevrez plus de messages de notre part. Envoyez REPRENDRE si vous changez d'avis.
start-confirmed = Ravi de vous retrouver ! Vous recevrez de nouveau nos messages.
language-set = Bien sûr, je vous écris désormais en français.
calling-unavailable = Je ne peux pas passer d'appels pour le moment, mais je continue volontiers ici par chat.

### Calls

consent-prompt = Pour aller plus vite, je peux passer un appel WhatsApp. Autorisez-vous un appel pour cette demande ?
consent-granted = Merci. Je pourrai passer un appel si nécessaire.
consent-denied = C'est noté. Nous continuerons par chat.
consent-reminder = Merci de répondre à ma question ci-dessus par OUI ou NON.
call-failed = L'appel n'a pas abouti ; nous continuons par chat.

### To a vendor

vendor-inquiry = Bonjour ! Nous sommes l'assistant d'une place de marché et un client cherche :

    { $need }

    { $questions }

    Il suffit de répondre ici.
vendor-questions = Est-ce disponible, à quel prix, et quand le client pourrait-il l'avoir ?
vendor-follow-up = Merci ! Encore une question sur « { $need } » : { $question }
vendor-which-request = Merci ! Laquelle de ces demandes votre réponse concerne-t-elle ? Répondez à ce message-là ou écrivez son nom :

    { $needs }
vendor-thanks = Merci pour votre réponse. Le client est servi pour l'instant ; nous vous écrirons à la prochaine demande.
handoff-to-vendor = { $has_client ->
    [yes] Bonne nouvelle : { $client }
   *[no] Bonne nouvelle : un client
} a choisi votre offre pour « { $need } ». { $has_phone ->
    [yes] Vous pouvez joindre ce client au { $phone }.
   *[no] Ce client a votre numéro et vous contactera.
}

### Buttons: 20 characters at most

button-yes = OUI
button-no = NON
button-in-stock = Oui, nous l'avons
button-out-of-stock = Non
button-pick = { $position }. { $vendor }
