# Every fixed sentence in Swahili as Kenya and Tanzania read it. The English file says what each is for.

### To a client

ask-need = Habari! Ninaweza kuwauliza wauzaji kuhusu unachohitaji. Unatafuta nini?
# No word for a dose: a question with one is refused where a prescription is involved.
ask-details = { $category ->
    [spare_parts] Gari ni aina gani, modeli gani na la mwaka gani, na unahitaji kipuri kipi hasa?
    [pharmacy] Tafadhali andika jina la dawa, nguvu yake na kiasi, kama ilivyoandikwa kwenye pakiti au cheti cha daktari.
    [phones] Ni simu au modeli ipi hasa, na unataka mpya au iliyotumika?
    [electronics] Ni kifaa kipi hasa (chapa na modeli), na kiwe na nini?
    [groceries] Unahitaji nini hasa, na kiasi gani cha kila kitu?
    [plumbing] Kazi gani inahitajika, na je, maji yanatoka sasa?
    [electrical] Kazi gani inahitajika, na je, umeme upo sasa?
    [tailoring] Ungependa kushonewa au kurekebishiwa nini, na kwa kipimo gani?
   *[other] Tafadhali nieleze zaidi kidogo: nini hasa, ngapi, na chochote ambacho muuzaji anapaswa kujua.
}
ask-area = Uko eneo au mji gani?
ask-when = Unahitaji lini?
asking-vendors = Asante! Ninawauliza wauzaji sasa. Nitakujulisha mara tu watakapojibu.
asking-more-vendors = Bado sina ofa za kutosha, kwa hiyo ninawauliza wauzaji wengine zaidi.
asking-when-open = Wauzaji wamefunga kwa sasa. Nitawauliza mara watakapofungua na nitakuandikia watakapojibu.
offers-waiting = Nina ofa kwa ajili yako. Jibu OK ili kuziona.
news-waiting = Nina habari kuhusu ombi lako. Jibu OK ili kuisoma.
still-waiting = Bado ninasubiri majibu. Nitakuandikia mara tu nitakapoyapata.
no-vendors-found = Samahani, hadi sasa hakuna muuzaji aliyeweza kusaidia. Mhudumu ataliangalia ombi hili na kukujibu.
shortlist-header = { $count ->
    [one] Hii ndiyo ofa niliyokupatia:
   *[other] Hizi ndizo ofa { $count } nilizokupatia:
}
shortlist-line = { $position }. { $vendor } – { $has_price ->
    [yes] { $price }
   *[no] bei haikutajwa
}{ $has_eta ->
    [yes] , { $eta }
   *[no] {""}
}{ $has_distance ->
    [yes] , umbali wa km { $distance }
   *[no] {""}
}
shortlist-footer = Jibu kwa namba ya ofa unayoitaka, nami nitawaunganisha.
pick-unclear = { $count ->
    [one] Tafadhali jibu 1 kama unataka ofa hii, au niambie ungependa nini badala yake.
   *[other] Tafadhali jibu kwa namba ya ofa unayoitaka, 1 hadi { $count }.
}
handoff-to-client = Chaguo zuri! { $vendor } wanakusubiri. Unaweza kuwapata kwa { $phone }. Wao pia wana namba yako.
media-please-type = Bado siwezi kusoma picha wala hati. Tafadhali andika unachohitaji, kwa mfano maandishi yaliyomo.
media-unreadable = Siwezi kusoma aina hii ya ujumbe. Tafadhali andika unachohitaji.
processing-image = Ninasoma picha…
document-confirm = Nimesoma haya kwenye picha yako:

    { $lines }

    Je, ndicho unachohitaji? Jibu NDIYO, au andika unachohitaji.
document-unreadable = Siwezi kusoma picha yako vizuri. Tafadhali andika unachohitaji, kwa mfano maandishi yaliyomo.
escalated = Asante kwa uvumilivu wako. Mhudumu atakujibu hapa.
request-closed = Ombi hili limefungwa. Niandikie wakati wowote ukihitaji kitu kingine.
stop-confirmed = Hutapokea tena ujumbe kutoka kwetu. Tuma ANZA ukibadili nia.
start-confirmed = Karibu tena! Utapokea tena ujumbe wetu.
language-set = Sawa, kuanzia sasa nitakuandikia kwa Kiswahili.
calling-unavailable = Kwa sasa siwezi kupiga simu, lakini tuendelee hapa kwa ujumbe.

### Calls

consent-prompt = Ili kuharakisha, ninaweza kupiga simu ya WhatsApp. Je, unaruhusu simu kwa ombi hili?
consent-granted = Asante. Huenda nikapiga simu ikihitajika.
consent-denied = Nimeelewa. Tutaendelea kwa ujumbe.
consent-reminder = Tafadhali jibu swali langu hapo juu kwa NDIYO au HAPANA.
call-failed = Simu haikufanikiwa; tunaendelea kwa ujumbe.

### To a vendor

vendor-inquiry = Habari! Sisi ni msaidizi wa soko la mtandaoni na mteja anatafuta:

    { $need }

    { $questions }

    Jibu hapa hapa tu.
vendor-questions = Je, ipo, ni bei gani, na mteja anaweza kuipata lini?
vendor-follow-up = Asante! Swali moja zaidi kuhusu "{ $need }": { $question }
vendor-which-request = Asante! Jibu lako linahusu ombi lipi kati ya haya? Tafadhali jibu ujumbe huo, au andika jina lake:

    { $needs }
vendor-thanks = Asante kwa jibu lako. Mteja amehudumiwa kwa sasa; tutakuandikia tena ombi lingine likija.
handoff-to-vendor = { $has_client ->
    [yes] Habari njema: { $client }
   *[no] Habari njema: mteja
} amechagua ofa yako ya "{ $need }". { $has_phone ->
    [yes] Unaweza kuwasiliana naye kwa { $phone }.
   *[no] Ana namba yako na atawasiliana nawe.
}

### Buttons: 20 characters at most

button-yes = NDIYO
button-no = HAPANA
button-in-stock = Ndiyo, ipo
button-out-of-stock = Hapana
button-pick = { $position }. { $vendor }
