"""Asks a URL in an open loop until its input ends, and tells what was answered to whom.

Requests come at a rate, whether or not those before have an answer: with a connection each, with
connections that are kept, and such as take one second and fifteen. It may run in a container that
has nothing but Python.
"""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

LIMIT = 40  # s
URL = urlsplit(sys.argv[1])
AT_LEAST = int(sys.argv[2])  # requests
# Each kind with its path and the seconds between two of its requests.
OPEN = {"new": ("/", 0.008), "1 s": ("/slow/1", 0.33), "15 s": ("/slow/15", 3.0)}
KEPT = 4  # connections
PAUSE = 0.02  # s between two requests of one that is kept


class Load:
    """What was answered, by the kind of the request and the text; "" for no good answer."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()
        self.outage = 0.0
        self.asked_for_the_end = threading.Event()
        self._lock = threading.Lock()
        self._last_good, self._broken = time.monotonic(), False

    @property
    def over(self) -> bool:
        """Whether nobody asks any more: when that is wanted and enough was asked."""
        return self.asked_for_the_end.is_set() and sum(self.answers.values()) >= AT_LEAST

    def openly(self, kind: str, path: str, pause: float) -> None:
        """A new connection for each request."""
        under_way, due = list[threading.Thread](), time.monotonic()
        while not self.over:
            time.sleep(max(0.0, due - time.monotonic()))
            under_way = [each for each in under_way if each.is_alive()]
            under_way.append(threading.Thread(target=self._once, args=(kind, path)))
            under_way[-1].start()
            due += pause
        for each in under_way:
            each.join()

    def kept_alive(self) -> None:
        """One connection, as long as it lives."""
        connection = connect()
        while not self.over:
            self._ask("kept", "/", connection)
            time.sleep(PAUSE)
        connection.close()

    def _once(self, kind: str, path: str) -> None:
        connection = connect()
        self._ask(kind, path, connection)
        connection.close()

    def _ask(self, kind: str, path: str, connection: http.client.HTTPConnection) -> None:
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
            text = body if answer.status == 200 else ""
        except (OSError, http.client.HTTPException):
            text = ""
            connection.close()
        with self._lock:
            self.answers[kind, text] += 1
            if kind == "new":
                self._note(good=bool(text))

    def _note(self, *, good: bool) -> None:
        now = time.monotonic()
        if good:
            if self._broken:
                self.outage = max(self.outage, now - self._last_good)
            self._last_good = now
        self._broken = not good


def connect() -> http.client.HTTPConnection:
    """A connection to be."""
    return http.client.HTTPConnection(str(URL.hostname), URL.port or 80, timeout=LIMIT)


def main() -> None:
    """Prints a line when it begins, and at the end what it counted."""
    load = Load()
    threads = [
        *(threading.Thread(target=load.openly, args=(kind, *how)) for kind, how in OPEN.items()),
        *(threading.Thread(target=load.kept_alive) for _ in range(KEPT)),
    ]
    for thread in threads:
        thread.start()
    print("begun", flush=True)
    sys.stdin.read()
    load.asked_for_the_end.set()
    for thread in threads:
        thread.join()
    answers = [[*key, number] for key, number in load.answers.items()]
    print(json.dumps({"answers": answers, "outage": load.outage}), flush=True)


if __name__ == "__main__":
    main()
