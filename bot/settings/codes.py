"""The codes of all faults in a configuration, with what they mean. Codes are never reused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CODES: Mapping[str, tuple[str, str]] = {
    "YAML001": ("The file is not YAML.", "this is not YAML: did not find expected ',' or ']'"),
    "YAML002": ("A key stands twice.", "the key 'en' stands here twice, first on line 4"),
    "YAML003": ("Anchors, aliases and merge keys are not read.", "aliases are not read; …"),
    "YAML004": ("Tags are not read.", "tags such as !env are not read; …"),
    "YAML005": (
        "A second document, or a line that starts with %.",
        "only one document may stand in a file, without % lines",
    ),
    "YAML006": ("The file is too large.", "the file is larger than 1,000,000 bytes"),
    "YAML007": ("The file is nested too deep.", "nested more than 24 levels deep"),
    "YAML008": ("The file is not UTF-8.", "this is not UTF-8; save the file as UTF-8"),
    "YAML009": ("A control character.", "the character U+0000 is not allowed"),
    "YAML010": ("A key is missing, or is no word.", "a key is missing before the ':'"),
    "YAML011": ("The file is empty.", "the file is empty"),
    "YAML012": (
        "A # that YAML reads as a comment.",
        "'#48213' would be lost as a comment: put quotes around the text, …",
    ),
    "CFG001": ("The folder is not there.", "there is no such configuration folder"),
    "CFG002": ("A file is missing.", "flows.yaml is missing"),
    "CFG003": ("A file cannot be read.", "cannot be read: Permission denied"),
    "CFG004": (
        "A file or folder that nothing reads.",
        "nothing reads the file 'flow.yaml' here, did you mean 'flows.yaml'?",
    ),
    "CFG005": (
        "An intent stands in two files.",
        "the intent 'greet' stands in smalltalk.yaml already",
    ),
    "CFG006": ("A file's name is no name.", "'My Topic' is not a name: …"),
    "CFG010": (
        "A key that nothing reads.",
        "unknown key 'lable' in intents.greet, did you mean 'label'?",
    ),
    "CFG011": ("A key is missing.", "the key 'need' is missing in intents.greet"),
    "CFG012": (
        "A value of the wrong form.",
        'demo: "yes" is not true or false (yes, no, on and off are text)',
    ),
    "CFG020": (
        "No examples in a language that is served.",
        "the intent 'greet' has no examples in 'zh'",
    ),
    "CFG021": ("Too few examples.", "the intent 'greet' needs 2 examples in 'zh', and has 1"),
    "CFG022": (
        "The same example twice; case and punctuation do not count.",
        "'Hi!' stands in 'greet' twice, first at smalltalk.yaml:12",
    ),
    "CFG023": (
        "The same example in two intents, or in an intent and out of scope.",
        "'thanks' stands in 'thank' as well, at smalltalk.yaml:80",
    ),
    "CFG024": ("An intent's need has no file in needs/.", "there is no need 'orders'"),
    "CFG025": ("A need that no intent belongs to.", "no intent belongs to the need 'orders'"),
    "CFG026": (
        "Too few conversations of a need, or an empty one.",
        "the need 'other' needs 2 conversations in 'zh', and has 1",
    ),
    "CFG027": (
        "A text is missing in a language that is served.",
        "the label of 'greet' has no text in 'zh'",
    ),
    "CFG028": (
        "A pattern that RE2 does not take, that is longer than 1,024 bytes or matches everything.",
        "the pattern '(?=a)' needs what RE2 lacks: lookaround such as (?=…), …",
    ),
    "CFG029": (
        "An order number would not be found again in capitals.",
        "the pattern '[a-z]{2}' finds 'aa' but not 'AA'",
    ),
    "CFG030": (
        "An example, a message of a conversation or an article's question without a word.",
        "an example of 'greet' is blank",
    ),
    "CFG031": (
        "The sentence encoder's folder is none.",
        "there is no tokenizer.json in encoders/minilm",
    ),
    "CFG040": (
        "An intent that nothing serves.",
        "no flow and no answer serves the intent 'greet'",
    ),
    "CFG041": (
        "An intent that is served twice.",
        "the flow 'track_order' serves the intent 'track_order' already",
    ),
    "CFG042": (
        "A flow or answer names an unknown intent.",
        "there is no intent 'gret', did you mean 'greet'?",
    ),
    "CFG043": ("An unknown action.", "there is no action 'order_state', …"),
    "CFG044": (
        "An option that the action does not read.",
        "there is no option of the action 'report' called 'subjekt', …",
    ),
    "CFG045": ("An unknown entity type.", "there is no entity type 'mail', …"),
    "CFG046": (
        "A slot stands twice in a flow.",
        "the slot 'order' stands in 'track_order' 2 times",
    ),
    "CFG047": (
        "A slot is missing that the action cannot do without.",
        "the action 'order_status' needs the slot 'order'",
    ),
    "CFG048": ("A value stands twice in a choice.", "the value 'wrong' stands here twice"),
    "CFG049": ("An unknown order state.", "there is no order state 'sent'"),
    "CFG055": ("An article names an unknown intent.", "there is no intent 'gret', …"),
    "CFG056": (
        "An article lacks a language, or its questions.",
        "the article has no text in 'zh'",
    ),
    "CFG057": (
        "An intent is to be answered by knowledge, and no article does.",
        "no article answers 'check_refund_policy'; name it in an article's intents",
    ),
    "CFG060": (
        "A reply is missing in a language.",
        "'greet' is missing in replies/zh.yaml",
    ),
    "CFG061": (
        "The languages' placeholders differ.",
        "'greet' has {name} in one of 'en' and 'zh' only",
    ),
    "CFG062": (
        "A reply is said that does not exist.",
        "there is no reply 'ask_oder', which is said here, did you mean 'ask_order'?",
    ),
    "CFG063": ("A placeholder that nobody fills.", "nobody fills {oder} in 'ask_order'"),
    "CFG064": ("A reply that nobody says.", "nobody says 'gret', did you mean 'greet'?"),
    "CFG065": (
        "A brace that is no placeholder.",
        "'greet' has a brace that is no placeholder such as {order}",
    ),
    "CFG066": (
        "Replies are missing in a served language, or there for another.",
        "replies/zh.yaml is missing, and 'zh' is served",
    ),
    "CFG070": ("A rule names what does not exist.", "there is no queue 'order', …"),
    "CFG071": (
        "The last rule does not match always.",
        "the last rule, 'vip', must match always: leave out its when",
    ),
    "CFG072": (
        "Rules behind one that matches always.",
        "'rest' matches always, so the rules behind it are never reached",
    ),
    "CFG073": (
        "A queue that nothing reaches.",
        "no queue_rule sends anything to the queue 'orders'",
    ),
    "CFG074": ("A priority has no time to the first reply.", "the priority 'low' is missing"),
    "CFG075": (
        "A stretch of work ends before it starts.",
        "on monday, from must be before to; split what passes midnight",
    ),
    "CFG076": (
        "Stretches of work overlap, or a holiday stands twice.",
        "on monday, the stretches overlap or are out of order",
    ),
    "CFG077": ("An unknown time zone.", "there is no time zone 'Asia/Peking'; …"),
    "CFG078": ("Two rules have one name.", "the rule 'rest' stands here twice"),
    "CFG079": ("Nobody ever works.", "nobody ever works, so no reply would ever be due"),
    "CFG080": (
        "A higher priority waits longer than a lower one.",
        "'urgent' must not wait longer than 'high'",
    ),
    "CFG081": (
        "The bands are out of order.",
        "offer (0.6) must be less than answer (0.5), …",
    ),
    "CFG082": ("A language or tier stands twice.", "one of the languages stands here twice"),
    "CFG083": ("The demo has no data.", "the demo needs shop/customers.yaml"),
    "CFG084": (
        "An origin is none.",
        "'shop.example' is not an origin such as https://shop.example",
    ),
    "CFG090": ("A demo order's customer does not exist.", "there is no customer 'adda', …"),
    "CFG091": ("A demo order's product does not exist.", "there is no product 'lamb', …"),
    "CFG092": ("A demo order's state does not exist.", "there is no order state 'sent'"),
    "CFG093": ("A price is no amount.", "'19,90' is not an amount such as 19.90"),
    "CFG094": (
        "A product has no price in the order's currency.",
        "'lamp' has no price in EUR",
    ),
    "CFG095": (
        "A demo customer's tier or language does not exist.",
        "there is no tier 'platinum'",
    ),
    "CFG096": (
        "No pattern would find a demo order's number or tracking number.",
        "no order_number pattern finds 'A1'",
    ),
    "CFG098": (
        "A demo order's days are out of order.",
        "placed, dispatched, delivered must follow each other",
    ),
    "CFG099": ("Two products share a name.", "'lamp' is a name of 'desk_lamp' already"),
    "CFG100": (
        "A test names what does not exist.",
        "there is no reply 'ask_oder', did you mean 'ask_order'?",
    ),
    "CFG110": (
        "The desk or a macro names what does not exist.",
        "there is no queue 'order', did you mean 'orders'?",
    ),
    "CFG111": ("An emoji means two things.", ":eyes: means 'take' already"),
    "CFG112": (
        "A prefix begins like the other.",
        "note_prefix and reply_prefix must not begin alike",
    ),
    "CFG120": (
        "Two colours that are too alike to be told apart.",
        "on_accent #ffffff on accent #7fb2ff has a contrast of 2.16; 4.5 can be read",
    ),
    "CFG121": (
        "A picture that is too large, or none.",
        "this is no PNG, JPEG, GIF or WebP, whatever its name says",
    ),
    "CFG122": (
        "A picture that is not there, or that nobody shows.",
        "there is no picture 'oak.png', did you mean 'oak.webp'?",
    ),
    "CFG123": (
        "A path that no page has.",
        "'products/*' is not a path such as /products/*",
    ),
    "CFG124": ("Two greetings of a site have one id.", "the greeting 'help' stands here twice"),
    "CFG125": (
        "A greeting that is said at once.",
        "the greeting 'help' needs one of after_s, scrolled and event",
    ),
    "CFG126": (
        "A link that is none.",
        "'shop.example/privacy' is not an address such as https://shop.example/privacy",
    ),
}
"""Meaning and an example by code."""
