"""`python -m statuette.main`: runs one manager, or the doctor."""

import asyncio
import json
import sys
from collections.abc import Sequence

import uvloop

from statuette import settings as reading
from statuette.main.diagnosis import diagnosis
from statuette.main.logs import set_up_logging
from statuette.main.serving import PortTaken, public_socket, serve
from statuette.main.state import StateHeld, held
from statuette.ports.clock import Clock
from statuette.ports.errors import Fault

HELD = 3
"""Exit code of a manager whose state folder another one holds."""


def run(arguments: Sequence[str], *, clock: Clock | None = None) -> int:
    """Run until told to end; the exit code. `clock` takes the place of the machine's."""
    try:
        settings, given = reading.from_process(arguments)
        if given.doctor:
            json.dump(diagnosis(settings), sys.stdout)
            return 0
        set_up_logging(settings.log_level)
        with (
            held(settings.state) as state,
            public_socket(settings) as listener,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(serve(state, settings, listener, clock=clock))
    except StateHeld as error:
        return _fail(str(error), HELD)
    except (reading.InvalidSettings, PortTaken, Fault, OSError) as error:
        return _fail(str(error), 1)
    return 0


def _fail(message: str, code: int) -> int:
    print(f"Error: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
