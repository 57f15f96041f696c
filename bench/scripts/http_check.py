"""One HTTP check as a script: its status, and a value in its body."""

import sys

import requests

answer = requests.get(sys.argv[1], timeout=60)
if answer.status_code != 200 or answer.json()[0]["code"] != "BFRIDAY":
    sys.exit("the answer is not as wanted")
