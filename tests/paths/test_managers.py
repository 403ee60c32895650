"""Three managers on one PostgreSQL and one attached store: work is done once, whoever is killed meanwhile."""

import importlib.util
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

from .platform import Platform, until
from .weed import Weed, weed, weed_is_here

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
COUNT = 'echo "$(wc -c < "$INPUT_FILE_PATH") bytes"\n'
SLOW = 'sleep 0.05; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
SETTINGS = {"lease_ttl": "4", "duty_ttl": "3", "sweep_every": "5", "grace": "2"}
FILES = 200
KILLS = 5
KILL_EVERY = 3.0
"""Seconds."""
PATIENCE = 150.0
"""Seconds that are waited on a machine that is busy with other things."""


def _postgres() -> ModuleType:
    """The contract tests' PostgreSQL: with `--import-mode=importlib` test folders are no packages."""
    path = Path(__file__).parents[1] / "contract" / "ledger" / "postgres.py"
    spec = importlib.util.spec_from_file_location("paths_postgres", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ledger(need) -> Iterator[str]:
    postgres = _postgres()
    programs, user = postgres.binaries(), postgres.server_user()
    need(programs is not None and user is not None, "PostgreSQL's server binaries, and a user to run them")
    with postgres.running(programs, user) as server, server.database() as address:
        yield address


@pytest.fixture
def store(need, tmp_path: Path) -> Iterator[Weed]:
    need(weed_is_here(), "SeaweedFS's program `weed`")
    with weed(tmp_path / "store") as running:
        yield running


class House:
    """Managers that share a ledger, a store and a key, each with a state folder of its own."""

    def __init__(self, folder: Path, ledger: str, store: Weed) -> None:
        self._folder = folder
        self._settings = {"ledger": ledger, "key_file": str(folder / "key"), **store.settings, **SETTINGS}

    def manager(self, name: str, **settings: str) -> Platform:
        return Platform(self._folder / name, **(self._settings | settings))

    @contextmanager
    def managers(self, count: int, *, first: dict[str, str] | None = None) -> Iterator[list[Platform]]:
        """So many managers, all started at once upon a new ledger. `first` are settings of the first one's own."""
        found = [self.manager(f"m{number}", **(first or {} if number == 0 else {})) for number in range(count)]
        try:
            starting = [threading.Thread(target=manager.up, kwargs={"wait": PATIENCE}) for manager in found]
            for thread in starting:
                thread.start()
            for thread in starting:
                thread.join()
            assert all(manager.url for manager in found), "all of them start, on an empty ledger at the same moment"
            yield found
        finally:
            for manager in found:
                manager.down(number=signal.SIGTERM)


@pytest.fixture
def house(tmp_path: Path, ledger: str, store: Weed) -> House:
    return House(tmp_path, ledger, store)


def watches(manager: Platform) -> bool:
    """Whether a manager says that it follows the store."""
    try:
        status = manager.ask("GET", "/system/status", timeout=5).json()["statuette"]
    except (httpx.HTTPError, KeyError, ValueError):
        return False
    return bool(status["manager"]["watching"])


def watcher(managers: list[Platform]) -> Platform | None:
    found = [manager for manager in managers if manager.process is not None and watches(manager)]
    return found[0] if len(found) == 1 else None


def stands(manager: Platform, service: str) -> bool:
    """Whether a manager knows a service and can run it."""
    answer = manager.ask("GET", f"/system/services/{service}")
    return answer.status_code == 200 and answer.json()["status"]["state"] == "ready"


def chain(first: Platform) -> None:
    first.deploy("one", SLOW, output=[{"storage_provider": "minio.default", "path": "two/in"}])
    first.deploy("two", COPY)


def put_all(store: Weed, names: list[str], *, faults: list[BaseException]) -> None:
    """Upload as somebody outside does, again and again where the store is away."""
    client = s3(store)
    for name in names:
        deadline = time.monotonic() + 30
        while True:
            try:
                client.put(f"in/{name}", name.encode())
                break
            except BaseError as error:
                if time.monotonic() > deadline:
                    faults.append(error)
                    return
                time.sleep(0.2)
        time.sleep(0.02)


def s3(store: Weed) -> S3Store:
    settings = store.settings
    return S3Store(
        "one",
        endpoint=settings["store_endpoint"],
        access_key_id=settings["store_access_key"],
        secret_access_key=settings["store_secret_key"],
        region="us-east-1",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


@pytest.mark.timeout(300)
def test_what_one_takes_in_another_runs_and_either_shows(house: House) -> None:
    """The first manager has no room to work, so all is done by the second one."""
    with house.managers(2, first={"least_free": str(2**60)}) as (taking, working):
        taking.deploy(
            "big", 'echo "$(wc -c < "$INPUT_FILE_PATH") bytes"; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/big"\n'
        )
        body = bytes(range(256)) * 2000
        answer = taking.ask("POST", "/job/big", content=body)
        assert answer.status_code == 201, answer.text
        [(job, entry)] = taking.ended("big", wait=PATIENCE).items()
        assert entry["state"] == "published"
        assert taking.get("big/out/big") == body
        assert taking.job_log("big", job) == working.job_log("big", job) == f"{len(body)} bytes\n"
        assert list((taking.state / "bodies").iterdir()) == list((working.state / "bodies").iterdir()) == []
        told = working.ask("DELETE", "/system/services/big")
        assert told.status_code == 204
        until(lambda: taking.ask("GET", "/system/services/big").status_code == 404, 10)
        stranger = house.manager("stranger", key_file=str(taking.state / "another-key"))
        with pytest.raises(AssertionError, match="the ledger holds secrets, but its key file is gone"):
            stranger.up(wait=PATIENCE)
        assert stranger.down() == 1


class Killing:
    """Kills managers and starts them again, each in the background, so that blows come at their own pace."""

    def __init__(self, managers: list[Platform]) -> None:
        self._managers = managers
        self._starting: dict[Platform, threading.Thread] = {}
        self._dice = random.Random(7)
        self.watchers: list[str] = []

    def blow(self, *, at_watcher: bool = False) -> None:
        """One kill: the watcher, or anyone else who is up."""
        watching = until(lambda: watcher(self._up()), PATIENCE)
        self.watchers.append(watching.state.name)
        others = [manager for manager in self._up() if manager is not watching]
        victim = watching if at_watcher or not others else self._dice.choice(others)
        victim.kill()
        self._starting[victim] = threading.Thread(target=self._up_again, args=(victim,), kwargs={"late": at_watcher})
        self._starting[victim].start()

    def _up_again(self, victim: Platform, *, late: bool) -> None:
        """Started at once, a watcher would have its duty still."""
        if late:
            time.sleep(float(SETTINGS["duty_ttl"]) + 2)
        victim.up(wait=PATIENCE)

    def over(self) -> None:
        """Wait until all are up again."""
        for starting in self._starting.values():
            starting.join()

    def _up(self) -> list[Platform]:
        return [one for one in self._managers if one not in self._starting or not self._starting[one].is_alive()]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_file_has_one_result_while_managers_are_killed(house: House, store: Weed) -> None:
    """Files through two services; every three seconds one manager is killed and started again, the store once."""
    names = [f"{number:03}" for number in range(FILES)]
    faults: list[BaseException] = []
    with house.managers(3) as managers:
        chain(managers[0])
        for manager in managers:
            until(lambda manager=manager: stands(manager, "one") and stands(manager, "two"), 10)
        putting = threading.Thread(target=put_all, args=(store, names), kwargs={"faults": faults})
        putting.start()
        killing = Killing(managers)
        for number in range(KILLS):
            time.sleep(KILL_EVERY)
            killing.blow(at_watcher=number % 2 == 1)
            if number == 2:
                store.kill()
                store.up()
        killing.over()
        putting.join()
        assert faults == []
        jobs = until(lambda: all_done(managers[0]), PATIENCE)
        check(managers[0], names, jobs)
        killing.watchers.append(until(lambda: watcher(managers), PATIENCE).state.name)
        assert len(set(killing.watchers)) > 1, f"the duty moved: {killing.watchers}"


def all_done(manager: Platform) -> dict[str, dict] | None:
    """All jobs of both services, once all have been published; looked at twice a second."""
    time.sleep(0.5)
    if len(manager.names("two/out")) < FILES:
        return None
    jobs = {service: manager.jobs(service) for service in ("one", "two")}
    ended = all(job["state"] == "published" for found in jobs.values() for job in found.values())
    return jobs if ended and all(len(found) >= FILES for found in jobs.values()) else None


def check(manager: Platform, names: list[str], jobs: dict[str, dict]) -> None:
    """One job for each file at each service, one result, of the right content."""
    time.sleep(1)
    for service in ("one", "two"):
        assert len(manager.jobs(service)) == FILES
        keys = Counter(job["object"] for job in jobs[service].values())
        assert set(keys.values()) == {1}
    assert manager.names("two/out") == [f"out/{name}" for name in names]
    assert all(manager.get(f"two/out/{name}") == name.encode() for name in names)
