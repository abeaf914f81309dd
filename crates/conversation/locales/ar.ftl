# Every fixed sentence in Modern Standard Arabic, worded for men and women alike where that is natural. The English
# file says what each is for.
# A line that begins with a number or a name begins with the right-to-left mark U+200F, or it would run from left to
# right; before a telephone number stands the left-to-right mark U+200E, or its plus would move to its end. Telephones
# show these two as nothing, unlike the isolation marks.

### To a client

ask-need = مرحبًا! يمكنني أن أسأل البائعين عما يلزمك. ما هو طلبك؟
# No word for a dose: a question with one is refused where a prescription is involved.
ask-details = { $category ->
    [spare_parts] ما نوع السيارة وطرازها وسنة صنعها، وما هي القطعة المطلوبة بالضبط؟
    [pharmacy] يرجى كتابة اسم الدواء وتركيزه والكمية كما هي مكتوبة على العلبة أو الوصفة الطبية.
    [phones] ما الهاتف أو الطراز المطلوب بالضبط، وهل المطلوب جديد أم مستعمل؟
    [electronics] ما الجهاز المطلوب بالضبط (الماركة والطراز)، وما المواصفات المطلوبة؟
    [groceries] ما الذي يلزمك بالضبط، وما الكمية من كل صنف؟
    [plumbing] ما العمل المطلوب، وهل الماء يجري الآن؟
    [electrical] ما العمل المطلوب، وهل الكهرباء متوفرة الآن؟
    [tailoring] ما المطلوب تفصيله أو تعديله، وبأي مقاس؟
   *[other] يرجى ذكر تفاصيل أكثر: ما المطلوب بالضبط، وما العدد، وأي شيء ينبغي أن يعرفه البائع.
}
ask-area = في أي منطقة أو مدينة أنت؟
ask-when = متى يلزمك ذلك؟
asking-vendors = شكرًا! أسأل البائعين الآن، وسأكتب لك فور وصول ردودهم.
asking-more-vendors = ليست لدي عروض كافية بعد، لذلك أسأل المزيد من البائعين.
asking-when-open = البائعون مغلقون الآن. سأسألهم حالما يفتحون وأكتب لك عندما يجيبون.
offers-waiting = لدي عروض لك. أجب بـ OK لرؤيتها.
news-waiting = لدي أخبار عن طلبك. أجب بـ OK لقراءتها.
still-waiting = ما زلت أنتظر الردود، وسأكتب لك فور وصولها.
no-vendors-found = عذرًا، لم يتمكن أي بائع من المساعدة حتى الآن. سيتابع أحد موظفينا الأمر ويرد عليك.
shortlist-header = { $count ->
    [one] وجدت لك هذا العرض:
    [two] وجدت لك هذين العرضين:
    [few] وجدت لك { $count } عروض:
    [many] وجدت لك { $count } عرضًا:
   *[other] وجدت لك { $count } عرض:
}
shortlist-line = {"\u200F"}{ $position }. { $vendor } – { $has_price ->
    [yes] { $price }
   *[no] السعر غير مذكور
}{ $has_eta ->
    [yes] ، { $eta }
   *[no] {""}
}{ $has_distance ->
    [yes] ، على بعد { $distance } كم
   *[no] {""}
}
shortlist-footer = يرجى الرد برقم العرض المطلوب، وسأوصلك بالبائع.
pick-unclear = { $count ->
    [one] يرجى الرد بالرقم 1 لقبول هذا العرض، أو كتابة ما تفضله بدلًا منه.
    [two] يرجى الرد برقم العرض المطلوب، 1 أو 2.
   *[other] يرجى الرد برقم العرض المطلوب، من 1 إلى { $count }.
}
handoff-to-client = اختيار ممتاز! { $vendor } بانتظارك. يمكنك التواصل معهم على الرقم {"\u200E"}{ $phone }، ولديهم رقمك أيضًا.
media-please-type = لا يمكنني قراءة الصور أو المستندات بعد. يرجى كتابة ما يلزمك، مثلًا ما هو مكتوب فيها.
media-unreadable = لا يمكنني قراءة هذا النوع من الرسائل. يرجى كتابة ما يلزمك.
processing-image = جارٍ معالجة الصورة…
document-confirm = هذا ما قرأته في صورتك:

    { $lines }

    هل هذا ما يلزمك؟ يرجى الرد بكلمة نعم، أو كتابة ما يلزمك.
document-unreadable = لا يمكنني قراءة صورتك جيدًا. يرجى كتابة ما يلزمك، مثلًا ما هو مكتوب فيها.
escalated = شكرًا لصبرك. سيرد عليك أحد موظفينا هنا.
request-closed = تم إغلاق هذا الطلب. يمكنك مراسلتي متى احتجت إلى شيء آخر.
stop-confirmed = لن تصلك رسائل منا بعد الآن. إذا غيرت رأيك، يكفي إرسال كلمة «ابدأ».
start-confirmed = أهلًا بعودتك! ستصلك رسائلنا من جديد.
language-set = حسنًا، سأكتب لك بالعربية من الآن فصاعدًا.
calling-unavailable = لا يمكنني إجراء مكالمات حاليًا، لكن يسعدني أن نكمل هنا عبر الرسائل.

### Calls

consent-prompt = لتسريع الأمر، يمكنني إجراء مكالمة عبر واتساب. هل تسمح بمكالمة بخصوص هذا الطلب؟
consent-granted = شكرًا. قد أجري مكالمة إذا لزم الأمر.
consent-denied = مفهوم. سنتابع عبر الرسائل.
consent-reminder = من فضلك أجب عن سؤالي أعلاه بنعم أو لا.
call-failed = لم تتم المكالمة؛ سنتابع عبر الرسائل.

### To a vendor

vendor-inquiry = مرحبًا! نحن مساعد لسوق إلكتروني، وأحد العملاء يبحث عن:

    { $need }

    { $questions }

    يكفي الرد هنا.
vendor-questions = هل هو متوفر، وكم سعره، ومتى يمكن أن يحصل عليه العميل؟
vendor-follow-up = شكرًا! سؤال آخر بخصوص «{ $need }»: { $question }
vendor-which-request = شكرًا! أي طلب من هذه الطلبات يخصه ردك؟ يرجى الرد على تلك الرسالة نفسها أو كتابة اسم الطلب:

    { $needs }
vendor-thanks = شكرًا لردك. تمت خدمة العميل في الوقت الحالي، وسنكتب لك عند الطلب القادم.
handoff-to-vendor = { $has_client ->
    [yes] خبر سار: وقع اختيار { $client }
   *[no] خبر سار: وقع اختيار أحد العملاء
} على عرضك بخصوص «{ $need }». { $has_phone ->
    [yes] يمكنك التواصل على الرقم {"\u200E"}{ $phone }.
   *[no] لدى العميل رقمك وسيتواصل معك.
}

### Buttons: 20 characters at most

button-yes = نعم
button-no = لا
button-in-stock = نعم، متوفر
button-out-of-stock = لا
button-pick = { $position }. { $vendor }
