"""What those write who want a report to do something: each text sets `attacked` where it runs."""

from __future__ import annotations

MARKUP = (
    "<script>attacked = 1</script>",
    "</pre></style></title><script>attacked = 1</script>",
    '"><img src=x onerror="attacked = 1">',
    "' onmouseover='attacked = 1' onfocus='attacked = 1' tabindex=0 autofocus x='",
    "<svg onload=attacked=1><svg><script href='data:,attacked=1'/>",
    "javascript:attacked=1",
    "java\tscript:attacked=1//http://",
    "data:text/html,<script>opener.attacked=1</script>",
    "{{ ''.__class__ }}{% raw %}${attacked}",
    "<iframe srcdoc='<script>top.attacked=1</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=javascript:attacked=1'>",
    "<link rel=stylesheet href=http://127.0.0.1:9/steal><base href=http://127.0.0.1:9/>",
    "<form action=http://127.0.0.1:9/><input type=submit autofocus onfocus=attacked=1>",
    "<details open ontoggle=attacked=1><video><source onerror=attacked=1>",
    "&#60;script&#62;attacked=1&#60;/script&#62;",
    "\x00\x1b]8;;http://evil\x07<script\x00>attacked=1</script>",
    "</details></body></html><script>attacked=1</script>",
    "]]></failure></testcase><script xmlns='http://www.w3.org/1999/xhtml'>attacked=1</script>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/hostname'>]>&y;",
    "\u202e\u2066;1=dekcatta\u2069\u200f\u2028attacked=1\u2029",
    "\ud83d\ufffe<b>attacked</b>",
)
MARKDOWN = (
    "[results](javascript:attacked=1)",
    "![picture](http://127.0.0.1:9/steal.png)",
    "[a]: http://127.0.0.1:9/ 'x'\n\n[a]",
    "<http://127.0.0.1:9/> @everyone #1 !1",
    "# GATE OPEN",
    "GATE OPEN\n=========",
    "- GATE OPEN",
    "1. GATE OPEN",
    "> GATE OPEN",
    "+ [x] GATE OPEN",
    "---",
    "**bold** _it_ ~~struck~~ `code`",
    "` ``<script>attacked=1</script>`` `",
    "\\`<script>attacked=1</script>\\`",
    "```\n<script>attacked=1</script>\n```",
    "| a | b |\n|---|---|\n| [x](http://127.0.0.1:9/) | y |",
    ")[x](http://127.0.0.1:9/",
    "](http://127.0.0.1:9/)[",
    "&lt;script&gt;attacked=1&lt;/script&gt; &#91;x&#93;&#40;http://127.0.0.1:9/&#41;",
)
ATTACKS = (*MARKUP, *MARKDOWN)
