"""The contract's rules of base64, with small and large answers."""

import base64
import dataclasses
import io
import os
import zipfile

import pytest

from statuette.core import Answer, AnswerFile
from statuette.events.jobs import Outcome
from statuette.gateway.encoding import CHUNK, SPOOL_IN_MEMORY, reply_of


@pytest.fixture
def folder(tmp_path):
    """A run's folder: `write` makes an output file, `answer` the answer over all of them."""
    return Folder(tmp_path)


class Folder:
    def __init__(self, path) -> None:
        self.path = path
        self.files: list[AnswerFile] = []

    def write(self, name: str, data: bytes) -> None:
        target = self.path / "out" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self.files.append(AnswerFile(name=name, path=target, size=len(data)))

    def answer(
        self, *, stdout: bytes | None = None, stderr: bytes | None = None, storage_event: bool = False
    ) -> Answer:
        words = {"stdout": stdout, "stderr": stderr}
        for name, data in words.items():
            if data is not None:
                (self.path / name).write_bytes(data)
        paths = {name: b"" if data is None else self.path / name for name, data in words.items()}
        return Answer(
            outcome=Outcome.PUBLISHED, exit_code=0, reason="", storage_event=storage_event, files=tuple(self.files),
            **paths,
        )  # fmt: skip


async def body_of(answer: Answer, spool=None) -> bytes:
    reply = await reply_of(answer, content_type="text/plain", spool=spool)
    body = reply.body if isinstance(reply.body, bytes) else b"".join([piece async for piece in reply.body])
    assert len(body) == reply.length
    assert reply.status == 200
    return body


@pytest.mark.parametrize("size", [0, 1, 2, 3, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 2])
async def test_one_file(folder, size):
    data = os.urandom(size)
    folder.write("result", data)
    assert base64.b64decode(await body_of(folder.answer(stdout=b"unseen")), validate=True) == data


async def test_several_files_keep_their_paths(folder):
    data = {"a": b"1", "sub/b": b"2" * 5000, "sub/deep/c": b"", "ä ö": b"3"}
    for name, content in data.items():
        folder.write(name, content)
    packed = base64.b64decode(await body_of(folder.answer()), validate=True)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == data


async def test_large_zip_goes_through_the_spool(folder, tmp_path):
    (tmp_path / "spool").mkdir()
    data = os.urandom(SPOOL_IN_MEMORY)
    folder.write("a", data)
    folder.write("b", b"b")
    packed = base64.b64decode(await body_of(folder.answer(), tmp_path / "spool"))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.read("a") == data
    assert list((tmp_path / "spool").iterdir()) == []


async def test_names_that_are_no_text_and_times_before_zip(folder):
    folder.write(os.fsdecode(b"x\xff"), b"1")
    folder.write("old", b"2")
    os.utime(folder.path / "out" / "old", (0, 0))
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(await body_of(folder.answer())))) as archive:
        assert archive.namelist() == ["x\ufffd", "old"]


async def test_no_file_gives_the_words_output_first(folder):
    assert await body_of(folder.answer(stdout=b"out\xff", stderr=b"err")) == b"out\xfferr"
    assert await body_of(folder.answer(stdout=b"", stderr=b"err")) == b"err"
    assert await body_of(folder.answer()) == b""
    large = b"o" * (CHUNK + 5)
    assert await body_of(folder.answer(stdout=large, stderr=b"e" * CHUNK)) == large + b"e" * CHUNK


async def test_storage_event_gives_the_words_whatever_was_written(folder):
    folder.write("result", b"data")
    assert await body_of(folder.answer(stdout=b"words", storage_event=True)) == b"words"


@pytest.mark.parametrize("more", [False, True])
async def test_no_link_is_followed(folder, tmp_path, more):
    (tmp_path / "hidden").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "hidden")
    folder.files.append(AnswerFile(name="link", path=tmp_path / "link", size=6))
    if more:
        folder.write("other", b"1")
    with pytest.raises(OSError, match="symbolic links"):
        await reply_of(folder.answer(), content_type="text/plain", spool=None)


async def test_short_words_come_without_files(folder):
    answer = dataclasses.replace(folder.answer(), stdout=b"said ", stderr=b"and complained")
    assert await body_of(answer) == b"said and complained"
