"""`python -m statuette.torture.manager CLOCKFILE …`: the manager as always, by a clock that can be moved."""

import sys
from pathlib import Path

from statuette.main.__main__ import run
from statuette.torture.clock import MovedClock

if __name__ == "__main__":
    sys.exit(run(sys.argv[2:], clock=MovedClock(Path(sys.argv[1]))))
