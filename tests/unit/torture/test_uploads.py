"""What is uploaded, and what must come of it."""

import hashlib
import subprocess

from statuette.torture.chain import SCRIPT
from statuette.torture.uploads import Contents, Journal, Upload, etag, of_uploader, plan, written_by_the_chain


def test_the_plan_is_the_seeds_and_overwrites_some_keys():
    uploads = plan(3, files=1000, seconds=100)
    assert uploads == plan(3, files=1000, seconds=100)
    assert uploads != plan(4, files=1000, seconds=100)
    overwritten = sum(upload.version > 0 for upload in uploads)
    assert 100 < overwritten < 200
    assert [upload.at for upload in uploads] == sorted(upload.at for upload in uploads)
    assert uploads[-1].at < 100


def test_every_version_of_a_key_goes_through_one_pair_of_hands_in_order():
    uploads = plan(3, files=500, seconds=10)
    shares = [of_uploader(uploads, number, uploaders=4) for number in range(4)]
    assert sum(map(len, shares)) == 500
    keys = [{upload.key for upload in share} for share in shares]
    assert sum(map(len, keys)) == len(set().union(*keys))
    for share in shares:
        last = {}
        for upload in share:
            assert upload.version == last.get(upload.key, -1) + 1
            last[upload.key] = upload.version


def test_each_try_has_a_content_of_its_own():
    contents = Contents(1)
    upload = Upload(0.0, "a/1", 0)
    made = {contents.of(upload, number=0), contents.of(upload, number=1), contents.of(Upload(0.0, "a/1", 1), number=0)}
    assert len(made) == 3
    assert contents.of(upload, number=0) == Contents(1).of(upload, number=0)
    assert Contents(1, (b"x", b"y")).of(upload, number=0) in (b"x", b"y")


def test_the_result_is_what_the_script_really_writes(tmp_path):
    content, out = b"some\ncontent \xff", tmp_path / "out"
    out.mkdir()
    for _ in range(2):
        (tmp_path / "file").write_bytes(content)
        variables = {"PATH": "/usr/bin:/bin", "INPUT_FILE_PATH": str(tmp_path / "file"), "TMP_OUTPUT_DIR": str(out)}
        subprocess.run(["sh", "-c", SCRIPT], env=variables, check=True)
        content = (out / "file").read_bytes()
    assert content == written_by_the_chain(b"some\ncontent \xff", services=2)


def test_an_etag_is_the_md5():
    assert etag(b"x") == hashlib.md5(b"x").hexdigest()


def test_the_journal_knows_tries_and_acknowledgements():
    journal, upload = Journal(), Upload(0.0, "a", 0)
    journal.attempt(upload, 0, tag="one")
    journal.attempt(upload, 1, tag="two")
    journal.done(upload, "two")
    assert journal.tried == {"a": ["one", "two"]}
    assert journal.acknowledged == {"a": ["two"]}
    assert journal.count == 1
    assert journal.contents["one"] == (upload, 0)
