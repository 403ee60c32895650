"""Files: which go where, what is refused before anything is sent, what lies where afterwards."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from statuette.cli import files
from statuette.cli.errors import CommandError
from statuette.client import Client, Connection, Service, StoreError

KEYS = {"endpoint": "http://s.test", "region": "r", "access_key": "a", "secret_key": "s", "verify": True}
INPUT = {"storage_provider": "minio.default", "path": "ocr/in"}
SERVICE = {"name": "ocr", "input": [INPUT], "output": [INPUT | {"path": "ocr/out"}]}
# The coroutines behind the commands, without the connection that the command line finds for them.
put_file, get_file, list_files = (command.__wrapped__ for command in (files.put_file, files.get_file, files.list_files))


@pytest.fixture
async def client(platform) -> AsyncIterator[Client]:
    platform.answer("GET", "/system/services/ocr", SERVICE)
    platform.answer("GET", "/system/config", {"config": {}, "minio_provider": KEYS})
    buckets: dict[str, MemoryStore] = {}
    where = Connection(platform.url, "oscar", "x")
    async with Client(where, open_bucket=lambda _, name: buckets.setdefault(name, MemoryStore())) as client:
        yield client


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    (tmp_path / "in put.png").write_bytes(b"12345")
    return tmp_path / "in put.png"


async def test_a_file_goes_under_the_first_input_and_comes_back(client, picture, tmp_path, capsys) -> None:
    await put_file(client, "ocr", [str(picture)])
    await get_file(client, "ocr", ["ocr/in/in put.png", str(tmp_path / "back")])
    assert (tmp_path / "back").read_bytes() == b"12345"
    assert capsys.readouterr().out == f"{tmp_path / 'back'}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name in ("a", "sub/b"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


async def test_a_folder_goes_with_its_sub_folders(client, folder: Path, capsys) -> None:
    await put_file(client, "ocr", ["minio", str(folder), "ocr/in/today"])
    capsys.readouterr()
    await list_files(client, "ocr")
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == [
        "ocr/in/today/a",
        "ocr/in/today/sub/b",
    ]


async def test_waiting_where_no_job_will_come_is_refused_before_the_upload(client, picture, platform) -> None:
    with pytest.raises(CommandError, match="lies under no input"):
        await put_file(client, "ocr", [str(picture), "ocr/elsewhere/x"], wait=True)
    assert [path for _, path, _ in platform.seen] == ["/system/services/ocr"]


async def test_waiting_ends_with_an_error_when_the_job_failed(client, picture, platform, capsys) -> None:
    failed = {"status": "Failed", "state": "failed", "exit_code": 3, "object": "ocr/in/in put.png", "reason": "exit 3"}
    platform.answer("GET", "/system/logs/ocr", {"jobs": {}})
    platform.answer("GET", "/system/logs/ocr", {"jobs": {"ocr-1": failed}})
    with pytest.raises(CommandError, match=r"failed with exit code 3: exit 3 \(statuette service logs get ocr ocr-1\)"):
        await put_file(client, "ocr", [str(picture)], wait=True)


async def test_the_newest_output_is_got(client, picture, tmp_path) -> None:
    for name in ("old", "new"):
        picture.write_bytes(name.encode())
        await put_file(client, "ocr", [str(picture), f"ocr/out/{name}.txt"])
    await get_file(client, "ocr", into=tmp_path)
    assert (tmp_path / "new.txt").read_bytes() == b"new"


async def test_a_download_that_fails_leaves_nothing(client, tmp_path) -> None:
    with pytest.raises(StoreError, match="no such object"):
        await get_file(client, "ocr", ["ocr/out/gone", str(tmp_path / "x")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "split"),
    [
        (["minio.default", "f"], ("minio.default", ["f"])),
        (["s3.lab", "f", "b/k"], ("s3.lab", ["f", "b/k"])),
        (["minio"], ("minio.default", ["minio"])),
        (["f", "b/k"], ("minio.default", ["f", "b/k"])),
    ],
)
def test_a_provider_is_told_from_a_file(words: list[str], split: tuple[str, list[str]]) -> None:
    assert files.split_provider(words) == split


def test_a_service_without_an_input_here_needs_a_place() -> None:
    with pytest.raises(CommandError, match="say where to put it"):
        files.default_remote(Service(name="x"))


@pytest.mark.parametrize("place", ["bucket", "/key", "bucket/", ""])
def test_a_place_needs_bucket_and_key(place: str) -> None:
    with pytest.raises(CommandError, match="must be bucket/key"):
        files.split_place(place)
