"""A small site with everything that steps are about."""

from __future__ import annotations

import base64
import smtplib
import threading
from contextlib import contextmanager
from email.message import EmailMessage
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

_LIMIT = 20  # s
_PAGE = """<!doctype html><html><head><title>Kennel</title><link rel="icon" href="data:,"></head>
<body style="margin: 20px; font: 16px sans-serif"><h1 id="title">Good dogs</h1>
<p class="count">42</p>
<form onsubmit="event.preventDefault(); said.textContent = 'Hello, ' + dog.value">
  <input id="dog" name="dog" value="Rex" data-kind="name">
  <select id="size"><option value="s">Small</option><option value="l">Large</option></select>
  <button id="greet">Greet</button></form>
<output id="said"></output>
<button id="buttons" oncontextmenu="said.textContent = 'contextual'; return false"
  ondblclick="said.textContent = 'double'">Buttons</button>
<a id="away" href="/second">Second page</a>
<a id="tab" href="/second" target="_blank">In a tab</a>
<a id="file" href="/bones.txt">Bones</a>
<p id="hidden" style="display: none">hidden</p>
<div id="hover" onmouseenter="said.textContent = 'hovered'">Hover here</div>
<input type="file" id="upload" onchange="said.textContent = this.files[0].name + ' ' +
  this.files[0].size">
<button id="dialog" onclick="upload.click()">Choose a file</button>
<div id="box" style="width: 100px; height: 40px; overflow: auto">
  <p style="width: 900px">wide</p></div>
<div id="source" draggable="true" style="width: 60px"
  ondragstart="event.dataTransfer.setData('text', 'bone')">bone</div>
<div id="place" style="height: 60px; background: #eee" ondragover="event.preventDefault()"
  ondrop="event.preventDefault(); said.textContent = event.dataTransfer.getData('text')">place</div>
<div id="host"></div><div id="late"></div>
<iframe src="/frame" style="height: 60px"></iframe><div style="height: 3000px">long</div>
<script>
  host.attachShadow({mode: 'open'}).innerHTML = '<button id="deep">Dig</button>';
  host.shadowRoot.getElementById('deep').onclick = () => said.textContent = 'dug';
  addEventListener('keydown', (event) => { if (event.key === 'F2')
    said.textContent = 'F2' + (event.shiftKey ? ' shifted' : ''); });
  setTimeout(() => late.innerHTML = '<b id="there">there at last</b>', 300);
</script></body></html>"""


async def _page(_request: Request) -> Response:
    return HTMLResponse(_PAGE)


async def _second(_request: Request) -> Response:
    return HTMLResponse("<h1 id='title'>Second</h1><script>fetch('/beacon')</script>")


async def _frame(_request: Request) -> Response:
    return HTMLResponse("<p id='inner'>inside the frame</p>")


async def _echo(request: Request) -> Response:
    """What the browser sent, and whether the page could tell that it is a test."""
    lines = "".join(f"<li>{name}: {value}</li>" for name, value in request.headers.items())
    mark = "<script>document.write('marked: ' + window._DATADOG_SYNTHETICS_BROWSER)</script>"
    return HTMLResponse(
        f"<ul>{lines}</ul>{mark}<p id='size'></p><script>"
        "document.getElementById('size').textContent = innerWidth + 'x' + innerHeight</script>"
    )


async def _posted(request: Request) -> Response:
    """What the browser asked with; the page itself asks for one more thing."""
    body = (await request.body()).decode()
    return HTMLResponse(f"<h1>{request.method} {body}</h1><iframe src='/posted'></iframe>")


async def _dialogs(_request: Request) -> Response:
    return HTMLResponse(
        "<h1 id='said'></h1><button id='confirm' onclick=\"said.textContent = confirm('Sure?')\">"
        "C</button><button id='prompt' onclick=\"said.textContent = prompt('Which dog?', 'Rex')\">"
        "P</button><button id='alert' onclick=\"alert('Woof'); said.textContent = 'heard'\">A"
        "</button><button id='leave' onclick=\"location = '/second'\">L</button>"
        "<script>addEventListener('beforeunload', (event) => event.preventDefault())</script>"
    )


async def _guarded(request: Request) -> Response:
    wanted = "Basic " + base64.b64encode(b"rex:b0nes-forever").decode()
    if request.headers.get("authorization") == wanted:
        return HTMLResponse("<h1>Welcome, rex</h1>")
    return Response(status_code=401, headers={"WWW-Authenticate": "Basic realm=kennel"})


async def _bones(_request: Request) -> Response:
    return PlainTextResponse("bones\n", headers={"Content-Disposition": "attachment"})


async def _busy(_request: Request) -> Response:
    return HTMLResponse("<h1>Busy</h1><button id='hang' onclick='for (;;);'>Hang</button>")


async def _missing(_request: Request) -> Response:
    return HTMLResponse("<h1>No such dog</h1>", status_code=404)


async def _leads(_request: Request) -> Response:
    """What leads to another page without a step that opens it."""
    return HTMLResponse(
        "<a id='link' href='/missing'>L</a><a id='tab' href='/missing' target='_blank'>T</a>"
        "<button id='script' onclick=\"location = '/missing'\">S</button>"
        "<button id='popup' onclick=\"window.open('/missing')\">P</button>"
        "<button id='closed' onclick=\"const w = window.open('/missing');"
        ' setTimeout(() => w.close(), 700)">C</button>'
        "<button id='late' onclick=\"setTimeout(() => location = '/missing', 1000)\">W</button>"
        "<button id='asks' onclick=\"fetch('/frame').then(() => location = '/missing')\">A</button>"
        "<form action='/missing' method='post'><button id='form'>F</button></form>"
        "<a id='around' href='/around'>R</a><a id='nowhere' href='http://127.0.0.1:1/'>N</a>"
        "<a id='file' href='/bones.txt'>B</a><a id='framed' href='/framed'>I</a>"
    )


async def _refreshed(_request: Request) -> Response:
    return HTMLResponse("<meta http-equiv='refresh' content='1; url=/missing'><h1>Wait</h1>")


async def _around(_request: Request) -> Response:
    return RedirectResponse("/missing")


async def _framed(_request: Request) -> Response:
    """A page that is fine, beside a frame and a picture that are not."""
    return HTMLResponse("<h1>Fine</h1><iframe src='/missing'></iframe><img src='/missing'>")


async def _once(request: Request) -> Response:
    """A page that opens once and then never again: it leads to itself."""
    if "opened" in request.cookies:
        return RedirectResponse("/once")
    return HTMLResponse("<h1 id='title'>Once</h1>", headers={"Set-Cookie": "opened=1"})


async def _empty(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _signup(request: Request) -> Response:
    """A form for an address; `smtp` is the port of the mail server that the site uses."""
    return HTMLResponse(
        "<h1 id='title'>Sign up</h1><form action='/send'><input id='to' name='to'>"
        f"<input type='hidden' name='smtp' value='{int(request.query_params['smtp'])}'>"
        "<button id='send'>Send</button></form><button id='later' onclick='setTimeout(() =>"
        " fetch(`/send?${new URLSearchParams(new FormData(document.forms[0]))}`), 700)'>Later"
        "</button>"
    )


def _send(request: Request) -> Response:
    """Send two mails as a shop does: one in HTML with a plain variant, and a plain one."""
    address, here = request.query_params["to"], f"{request.base_url}"
    confirm = EmailMessage()
    confirm["From"], confirm["To"] = "Kennel <kennel@kennel.example>", address
    confirm["Subject"] = "Confirm, good dog \N{DOG}"
    confirm.set_content("Use a program that shows HTML.")
    confirm.add_alternative(
        "<html><head><title>no text</title><style>p { color: red }</style></head><body>"
        f"<h1>Wóof</h1><p>Your code is <b id='code'>47</b>11.</p><p>Then "
        f"<a href='{here}second?a=1'><b>confirm</b> it</a>, or "
        f"<a href='{here}second?a=2'>not</a>.</p></body></html>",
        subtype="html",
    )
    plain = EmailMessage()
    plain["From"], plain["To"], plain["Subject"] = "kennel@kennel.example", address, "Welcome"
    plain.set_content(f"Your guide is at {here}second?guide. Your number is 12.")
    # An application logs in to its relay, if that offers it.
    with smtplib.SMTP("127.0.0.1", int(request.query_params["smtp"]), timeout=_LIMIT) as client:
        client.login("kennel", "any")
        for mail in (confirm, plain):
            client.send_message(mail)
    return HTMLResponse(f"<h1 id='title'>Sent to {address}</h1>")


async def _slow(_request: Request) -> Response:
    return HTMLResponse(
        "<h1 id='title'>Slow</h1><script>const end = performance.now() + 300;"
        "while (performance.now() < end);</script>"
    )


async def _elsewhere(request: Request) -> Response:
    """A page with scripts from `from`, which are not to be had there."""
    return HTMLResponse(
        f"<h1 id='title'>x</h1><script src='{request.query_params['from']}/bark.js'></script>"
    )


async def _bark(_request: Request) -> Response:
    return Response("title.textContent = 'Woof'", media_type="text/javascript")


async def _reads(request: Request) -> Response:
    """A page that reads an address of another site."""
    return HTMLResponse(
        "<h1 id='title'>no answer</h1><script>"
        f"fetch('{request.query_params['url']}').then((answer) => answer.text())"
        ".then((text) => title.textContent = text)</script>"
    )


@contextmanager
def serving_site() -> Iterator[str]:
    """Run it on a real socket. Gives its URL."""
    routes = {
        "/": _page,
        "/second": _second,
        "/frame": _frame,
        "/echo": _echo,
        "/posted": _posted,
        "/dialogs": _dialogs,
        "/guarded": _guarded,
        "/bones.txt": _bones,
        "/busy": _busy,
        "/missing": _missing,
        "/once": _once,
        "/leads": _leads,
        "/refreshed": _refreshed,
        "/around": _around,
        "/framed": _framed,
        "/beacon": _empty,
        "/signup": _signup,
        "/send": _send,
        "/slow": _slow,
        "/elsewhere": _elsewhere,
        "/bark.js": _bark,
        "/reads": _reads,
    }
    methods = ["GET", "POST", "PUT"]
    app = Starlette(routes=[Route(path, one, methods=methods) for path, one in routes.items()])
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1, ws="none")
    )
    started = threading.Event()
    startup = server.startup

    async def announced(sockets: object = None) -> None:
        await startup(None)
        started.set()

    server.startup = announced  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(_LIMIT)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
