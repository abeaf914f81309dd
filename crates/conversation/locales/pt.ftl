# Every fixed sentence in Portuguese as Brazil reads it, to `você`. The English file says what each is for.

### To a client

ask-need = Olá! Posso perguntar a vendedores sobre o que você precisa. O que você está procurando?
# No word for a dose: a question with one is refused where a prescription is involved.
ask-details = { $category ->
    [spare_parts] Qual é a marca, o modelo e o ano do veículo, e de qual peça você precisa exatamente?
    [pharmacy] Por favor, digite o nome do medicamento, a concentração e a quantidade, como está escrito na embalagem ou na receita.
    [phones] Qual celular ou modelo exatamente? Você quer novo ou usado?
    [electronics] Qual aparelho exatamente (marca e modelo) e o que ele precisa ter?
    [groceries] Do que você precisa exatamente e quanto de cada item?
    [plumbing] O que precisa ser feito? Tem água correndo agora?
    [electrical] O que precisa ser feito? Tem energia agora?
    [tailoring] O que precisa ser costurado ou ajustado, e em que tamanho?
   *[other] Por favor, conte um pouco mais: o que exatamente, quantas unidades e o que o vendedor precisa saber.
}
ask-area = Em que bairro ou cidade você está?
ask-when = Para quando você precisa?
asking-vendors = Obrigado! Já estou perguntando aos vendedores. Aviso você assim que responderem.
asking-more-vendors = Ainda não tenho ofertas suficientes, então estou perguntando a mais vendedores.
asking-when-open = Os vendedores estão fechados neste momento. Vou perguntar assim que abrirem e escrevo quando responderem.
offers-waiting = Tenho ofertas para você. Responda OK para vê-las.
news-waiting = Tenho novidades sobre o seu pedido. Responda OK para lê-las.
still-waiting = Ainda estou esperando respostas. Escrevo assim que tiver alguma.
no-vendors-found = Sinto muito, até agora nenhum vendedor conseguiu ajudar com isso. Uma pessoa vai verificar e responder a você.
shortlist-header = { $count ->
    [one] Esta é a oferta que tenho para você:
   *[other] Estas são as { $count } ofertas que tenho para você:
}
shortlist-line = { $position }. { $vendor } – { $has_price ->
    [yes] { $price }
   *[no] preço não informado
}{ $has_eta ->
    [yes] , { $eta }
   *[no] {""}
}{ $has_distance ->
    [yes] , a { $distance } km
   *[no] {""}
}
shortlist-footer = Responda com o número da oferta que você quer e eu coloco vocês em contato.
pick-unclear = { $count ->
    [one] Por favor, responda 1 se quiser esta oferta, ou diga o que você prefere.
   *[other] Por favor, responda com o número da oferta que você quer, de 1 a { $count }.
}
handoff-to-client = Ótima escolha! { $vendor } está esperando o seu contato. Você pode falar pelo { $phone }. Eles também têm o seu contato.
media-please-type = Ainda não consigo ler imagens nem documentos. Por favor, digite o que você precisa, por exemplo o que está escrito ali.
media-unreadable = Não consigo ler este tipo de mensagem. Por favor, digite o que você precisa.
processing-image = Processando a imagem…
document-confirm = Isto é o que leio na sua imagem:

    { $lines }

    É isso que você precisa? Responda SIM, ou digite o que você precisa.
document-unreadable = Não consigo ler bem a sua imagem. Por favor, digite o que você precisa, por exemplo o que está escrito ali.
escalated = Obrigado pela paciência. Uma pessoa vai responder a você por aqui.
request-closed = Este pedido está encerrado. Escreva para mim quando precisar de outra coisa.
stop-confirmed = Você não vai mais receber nossas mensagens. Envie VOLTAR se mudar de ideia.
start-confirmed = Que bom ter você de volta! Você vai receber nossas mensagens novamente.
language-set = Claro, a partir de agora escrevo em português.
calling-unavailable = No momento não posso fazer ligações, mas continuo com prazer aqui no chat.

### Calls

consent-prompt = Para agilizar, posso fazer uma ligação pelo WhatsApp. Você autoriza uma ligação para este pedido?
consent-granted = Obrigado. Posso fazer uma ligação se for necessário.
consent-denied = Entendido. Vamos continuar pelo chat.
consent-reminder = Por favor, responda à minha pergunta acima com SIM ou NÃO.
call-failed = A ligação não foi completada; continuamos pelo chat.

### To a vendor

vendor-inquiry = Olá! Somos o assistente de um mercado digital e um cliente está procurando:

    { $need }

    { $questions }

    É só responder aqui.
vendor-questions = Você tem? Quanto custa e quando o cliente poderia receber?
vendor-follow-up = Obrigado! Mais uma pergunta sobre "{ $need }": { $question }
vendor-which-request = Obrigado! A qual destes pedidos se refere a sua resposta? Por favor, responda àquela mensagem ou escreva o nome:

    { $needs }
vendor-thanks = Obrigado pela resposta. O cliente já foi atendido por enquanto; escreveremos de novo no próximo pedido.
handoff-to-vendor = { $has_client ->
    [yes] Boa notícia: { $client }
   *[no] Boa notícia: um cliente
} escolheu a sua oferta para "{ $need }". { $has_phone ->
    [yes] Você pode falar pelo { $phone }.
   *[no] O cliente tem o seu número e vai entrar em contato.
}

### Buttons: 20 characters at most

button-yes = SIM
button-no = NÃO
button-in-stock = Sim, temos
button-out-of-stock = Não
button-pick = { $position }. { $vendor }
