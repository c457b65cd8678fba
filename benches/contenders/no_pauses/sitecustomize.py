"""Takes the pauses from AWS's tools: their waiters look every 5 or 30 seconds, and it is work that is compared."""

import time

_sleep = time.sleep
time.sleep = lambda seconds: _sleep(min(seconds, 0.01))
