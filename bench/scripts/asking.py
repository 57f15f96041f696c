"""Asks a URL without pause until its input ends, each time on a new connection; tells how it went.

It may run in a container that has nothing but Python.
"""

import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit

LIMIT = 2  # s


def answered(host: str, port: int) -> bool:
    """Whether the site answers with success."""
    connection = http.client.HTTPConnection(host, port, timeout=LIMIT)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return answer.status == 200


def main() -> None:
    """Prints a line when it has been answered, and at the end what it counted."""
    url = urlsplit(sys.argv[1])
    ended = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    requests = failed = 0
    outage, last_good, broken = 0.0, 0.0, False
    while not ended.is_set():
        good = answered(str(url.hostname), url.port or 80)
        now = time.monotonic()
        if good:
            if not last_good:
                print("answered", flush=True)
            if broken:
                outage = max(outage, now - last_good)
            last_good, broken = now, False
        elif last_good:
            failed, broken = failed + 1, True
        requests += 1
    if broken:
        outage = max(outage, time.monotonic() - last_good)
    print(json.dumps({"requests": requests, "failed": failed, "outage": outage}), flush=True)


if __name__ == "__main__":
    main()
