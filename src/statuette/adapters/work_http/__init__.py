"""A supervisor's plugs where it has a process of its own: `Work`, `Objects` and `Logs` without a ledger and a key.

Here: messages to the manager's door with the runner's credential (`door`, `work`), one piece of work at a time; objects
by the addresses that come with it (`objects`, `addresses`); logs and answers sent as they grow (`logs`, `packing`).
Not here: what the manager believes of it (`core.remote`), and what is done with the work (`supervisor`).
"""

from statuette.adapters.work_http.addresses import AddressBook
from statuette.adapters.work_http.door import Door
from statuette.adapters.work_http.logs import HttpLogs
from statuette.adapters.work_http.objects import PresignedObjects
from statuette.adapters.work_http.work import HttpWork

__all__ = ["AddressBook", "Door", "HttpLogs", "HttpWork", "PresignedObjects"]
