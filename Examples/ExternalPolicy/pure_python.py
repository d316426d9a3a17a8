"""Follows the trend of the observed returns; needs nothing but Python.

Enters when the observed numbers add up to more than 1 %, on the side of their sign, and else keeps
what it decided last, as long as the episode lasts.
"""

import json
import sys

FLAT, LONG, SHORT = 0, 1, 2
THRESHOLD = 0.01


def answer(**fields):
    print(json.dumps(fields), flush=True)


greeting = json.loads(sys.stdin.readline())
if greeting["protocol"] != "backtestkit.policy-process/1":
    answer(refuse="this program speaks backtestkit.policy-process/1")
    sys.exit()
if greeting["action"]["kind"] != "discrete" or greeting["action"]["size"] != 3:
    answer(refuse="this program has 3 actions: flat, long, short")
    sys.exit()
answer(ready=True, name="trend in plain Python")

action = FLAT
for line in sys.stdin:
    request = json.loads(line)
    if request["episode_start"]:
        action = FLAT
    trend = sum(request["observation"])
    if abs(trend) > THRESHOLD:
        action = LONG if trend > 0 else SHORT
    answer(id=request["id"], action=action, signal=trend)
