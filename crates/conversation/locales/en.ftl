# Every fixed sentence in English. The names are those of `catalogue::Sentence`.

### To a client

ask-need = Hello! I can ask vendors for what you need. What are you looking for?
ask-details = { $category ->
    [spare_parts] Which make, model and year is the vehicle, and which part exactly?
    [pharmacy] Please type the medicine's name, strength and quantity as written on the package or prescription.
    [phones] Which phone or model exactly, and do you want it new or used?
    [electronics] Which device exactly (brand and model), and what should it have?
    [groceries] What exactly do you need, and how much of each?
    [plumbing] What needs to be done, and is water running now?
    [electrical] What needs to be done, and is there power now?
    [tailoring] What should be made or changed, and in which size?
   *[other] Please tell me a little more: what exactly, how many, and anything the vendor should know.
}
ask-area = Which area or town are you in?
ask-when = When do you need it?
asking-vendors = Thanks! I'm asking vendors now. You'll hear from me as soon as they answer.
asking-more-vendors = I don't have enough offers yet, so I'm asking more vendors.
asking-when-open = The vendors for this are closed right now. I'll ask them as soon as they open and write when they answer.
offers-waiting = I have offers for you. Reply OK to see them.
news-waiting = I have news on your request. Reply OK to read it.
still-waiting = I'm still waiting for answers. I'll write as soon as I have some.
no-vendors-found = I'm sorry, no vendor could help with this so far. A person will look into it and get back to you.
shortlist-header = { $count ->
    [one] Here is the offer I have for you:
   *[other] Here are the { $count } offers I have for you:
}
shortlist-line = { $position }. { $vendor } – { $has_price ->
    [yes] { $price }
   *[no] price not given
}{ $has_eta ->
    [yes] , { $eta }
   *[no] {""}
}{ $has_distance ->
    [yes] , { $distance } km away
   *[no] {""}
}
shortlist-footer = Reply with the number of the one you want, and I'll put you in touch.
pick-unclear = { $count ->
    [one] Please reply with 1 if you want this offer, or tell me what you would like instead.
   *[other] Please reply with the number of the one you want, 1 to { $count }.
}
handoff-to-client = Great choice! { $vendor } is expecting you. You can reach them at { $phone }. They have your contact too.
media-please-type = I can't read pictures or documents yet. Please type what you need, for example what is written on it.
media-unreadable = I can't read this kind of message. Please type what you need.
processing-image = Processing image…
document-confirm = I read this in your picture:

    { $lines }

    Is that what you need? Reply YES, or type what you need instead.
document-unreadable = I can't read your picture well enough. Please type what you need, for example what is written on it.
escalated = Thanks for your patience. A person will get back to you here.
request-closed = This request is closed. Write to me whenever you need something else.
stop-confirmed = You won't get any more messages from us. Send START if you change your mind.
start-confirmed = Welcome back! You'll get our messages again.
language-set = Sure, I'll write to you in English from now on.
calling-unavailable = I can't place calls at the moment, but I'm happy to go on here in the chat.

### Calls. The wordings are fixed: consent is given to these.

consent-prompt = To speed this up, I can place a WhatsApp call. Do you allow a call for this request?
consent-granted = Thanks. I may place a call if needed.
consent-denied = Understood. We'll continue by chat.
consent-reminder = Please answer my question above with YES or NO.
call-failed = Call didn't go through; continuing via chat.

### To a vendor

vendor-inquiry = Hello! We are a marketplace assistant and a customer is looking for:

    { $need }

    { $questions }

    Just answer here.
vendor-questions = Do you have it, what does it cost, and when could the customer get it?
vendor-follow-up = Thanks! One more question about "{ $need }": { $question }
vendor-which-request = Thanks! Which of these is your answer about? Please reply to that message, or write its name:

    { $needs }
vendor-thanks = Thank you for your answer. The customer is served for now; we'll write again with the next request.
handoff-to-vendor = { $has_client ->
    [yes] Good news: { $client }
   *[no] Good news: a customer
} chose your offer for "{ $need }". { $has_phone ->
    [yes] You can reach them at { $phone }.
   *[no] They have your number and will contact you.
}

### Buttons: 20 characters at most

button-yes = YES
button-no = NO
button-in-stock = Yes, we have it
button-out-of-stock = No
button-pick = { $position }. { $vendor }
