# Every fixed sentence in Spanish as Latin America reads it, to `usted`. The English file says what each is for.

### To a client

ask-need = ¡Hola! Puedo preguntar a vendedores por lo que usted necesita. ¿Qué está buscando?
# No word for a dose: a question with one is refused where a prescription is involved.
ask-details = { $category ->
    [spare_parts] ¿De qué marca, modelo y año es el vehículo, y qué repuesto necesita exactamente?
    [pharmacy] Por favor escriba el nombre del medicamento, la concentración y la cantidad, tal como aparecen en el empaque o en la receta.
    [phones] ¿Qué teléfono o modelo busca exactamente? ¿Lo quiere nuevo o usado?
    [electronics] ¿Qué aparato busca exactamente (marca y modelo) y qué debe tener?
    [groceries] ¿Qué necesita exactamente y cuánto de cada cosa?
    [plumbing] ¿Qué hay que hacer? ¿Está corriendo el agua en este momento?
    [electrical] ¿Qué hay que hacer? ¿Hay electricidad en este momento?
    [tailoring] ¿Qué hay que confeccionar o arreglar, y en qué talla?
   *[other] Por favor cuénteme un poco más: qué exactamente, cuántas unidades y lo que el vendedor deba saber.
}
ask-area = ¿En qué zona o ciudad se encuentra?
ask-when = ¿Para cuándo lo necesita?
asking-vendors = ¡Gracias! Ya estoy preguntando a los vendedores. Le escribo en cuanto respondan.
asking-more-vendors = Todavía no tengo suficientes ofertas, así que estoy preguntando a más vendedores.
asking-when-open = Los vendedores están cerrados en este momento. Les preguntaré en cuanto abran y le escribiré cuando respondan.
offers-waiting = Tengo ofertas para usted. Responda OK para verlas.
news-waiting = Tengo novedades sobre su solicitud. Responda OK para leerlas.
still-waiting = Sigo esperando respuestas. Le escribo en cuanto tenga alguna.
no-vendors-found = Lo siento, hasta ahora ningún vendedor pudo ayudar con esto. Una persona lo revisará y le responderá.
shortlist-header = { $count ->
    [one] Esta es la oferta que tengo para usted:
   *[other] Estas son las { $count } ofertas que tengo para usted:
}
shortlist-line = { $position }. { $vendor } – { $has_price ->
    [yes] { $price }
   *[no] precio no indicado
}{ $has_eta ->
    [yes] , { $eta }
   *[no] {""}
}{ $has_distance ->
    [yes] , a { $distance } km
   *[no] {""}
}
shortlist-footer = Responda con el número de la oferta que quiere y le pongo en contacto.
pick-unclear = { $count ->
    [one] Por favor responda 1 si quiere esta oferta, o dígame qué preferiría.
   *[other] Por favor responda con el número de la oferta que quiere, del 1 al { $count }.
}
handoff-to-client = ¡Excelente elección! { $vendor } espera su mensaje. Puede comunicarse al { $phone }. También tienen su contacto.
media-please-type = Todavía no puedo leer imágenes ni documentos. Por favor escriba lo que necesita, por ejemplo lo que dice ahí.
media-unreadable = No puedo leer este tipo de mensaje. Por favor escriba lo que necesita.
processing-image = Procesando la imagen…
document-confirm = Esto es lo que leo en su imagen:

    { $lines }

    ¿Es lo que necesita? Responda SÍ, o escriba lo que necesita.
document-unreadable = No puedo leer bien su imagen. Por favor escriba lo que necesita, por ejemplo lo que dice ahí.
escalated = Gracias por su paciencia. Una persona le responderá por aquí.
request-closed = Esta solicitud está cerrada. Escríbame cuando necesite algo más.
stop-confirmed = Ya no recibirá más mensajes nuestros. Envíe INICIAR si cambia de opinión.
start-confirmed = ¡Qué gusto saludarle de nuevo! Volverá a recibir nuestros mensajes.
language-set = Con gusto, desde ahora le escribo en español.
calling-unavailable = Por el momento no puedo hacer llamadas, pero con gusto seguimos por este chat.

### Calls

consent-prompt = Para agilizar esto, puedo hacer una llamada de WhatsApp. ¿Autoriza una llamada para esta solicitud?
consent-granted = Gracias. Es posible que haga una llamada si hace falta.
consent-denied = Entendido. Seguiremos por chat.
consent-reminder = Por favor responda a mi pregunta anterior con SÍ o NO.
call-failed = La llamada no se pudo completar; seguimos por chat.

### To a vendor

vendor-inquiry = ¡Hola! Somos el asistente de un mercado en línea y un cliente busca:

    { $need }

    { $questions }

    Responda aquí mismo.
vendor-questions = ¿Lo tiene, cuánto cuesta y cuándo lo podría recibir el cliente?
vendor-follow-up = ¡Gracias! Una pregunta más sobre "{ $need }": { $question }
vendor-which-request = ¡Gracias! ¿A cuál de estas solicitudes se refiere su respuesta? Por favor responda a ese mensaje o escriba el nombre:

    { $needs }
vendor-thanks = Gracias por su respuesta. Por ahora el cliente ya está atendido; le escribiremos con la próxima solicitud.
handoff-to-vendor = { $has_client ->
    [yes] Buenas noticias: { $client }
   *[no] Buenas noticias: un cliente
} eligió su oferta para "{ $need }". { $has_phone ->
    [yes] Puede comunicarse al { $phone }.
   *[no] Ya tiene su número y se comunicará con usted.
}

### Buttons: 20 characters at most

button-yes = SÍ
button-no = NO
button-in-stock = Sí, lo tenemos
button-out-of-stock = No
button-pick = { $position }. { $vendor }
