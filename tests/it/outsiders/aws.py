"""The aws command line as it is, but for its patience: its waiters look every 5 or 30 seconds, a sandbox takes two."""

import sys
import time

pause = time.sleep
time.sleep = lambda seconds: pause(min(seconds, 0.1))

from awscli.clidriver import main  # noqa: E402: after the pauses were cut short

sys.exit(main())
