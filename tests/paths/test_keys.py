"""Every name an object can have comes through, and one that it cannot have is settled by a rule."""

import unicodedata
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .platform import Platform

TELL = (
    'printf %s "$STORAGE_OBJECT_KEY" > "$TMP_OUTPUT_DIR/$JOB_UUID.key"; '
    'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/$JOB_UUID.content"; '
    'printf %s "${INPUT_FILE_PATH##*/}" > "$TMP_OUTPUT_DIR/$JOB_UUID.name"\n'
)
DEEP = "/".join(str(number) for number in range(60))
THOUSAND = "/".join("p" * 199 for _ in range(5))
KEYS = [
    "in/plain.txt",
    "in/two words.txt",
    "in/ before and after ",
    "in/a+b=c",
    "in/a%20b%2Fc",
    "in/100%",
    "in/quote'\"`$(touch x)$HOME",
    "in/-rf",
    "in/*?[a-z]{1,2}",
    "in/a;b&c|d>e<f#g!h~",
    "in/.hidden",
    "in/...",
    "in/\u00fc\u00f1\u00ef.txt",
    unicodedata.normalize("NFD", "in/\u00fc\u00f1\u00ef.txt"),
    "in/\u65e5\u672c\u8a9e/\u30d5\u30a1\u30a4\u30eb",
    "in/\U0001f600",
    "in/\u202etxt.exe",
    f"in/{DEEP}/leaf",
    f"in/{THOUSAND}",
    "in/" + "n" * 255,
    "in/" + "\u00e9" * 120 + ".tar.gz",
]


def by_rule(key: str) -> dict[str, bytes]:
    return {"key": key.encode(), "content": key.encode(), "name": key.rpartition("/")[2].encode()}


def told(platform: Platform, name: str, count: int) -> list[dict[str, bytes]]:
    """What each job of a service wrote."""
    jobs = platform.ended(name, count=count, wait=90)
    assert {job["state"] for job in jobs.values()} == {"published"}, jobs
    return [{part: platform.get(f"{name}/out/{job}.{part}") for part in ("key", "content", "name")} for job in jobs]


@pytest.mark.timeout(180)
def test_every_key_comes_through(shared: Platform, name: str) -> None:
    shared.deploy(name, TELL)
    store = shared.s3()
    for key in KEYS:
        store.put_object(Bucket=name, Key=key, Body=key.encode())
    found = sorted(told(shared, name, len(KEYS)), key=lambda one: one["key"])
    assert found == sorted(map(by_rule, KEYS), key=lambda one: one["key"])
    assert {job["object"] for job in shared.jobs(name).values()} == {f"{name}/{key}" for key in KEYS}


def test_folders_start_nothing_and_empty_files_do(shared: Platform, name: str) -> None:
    shared.deploy(name, TELL)
    store = shared.s3()
    for key in ("in/", "in/folder/", "in/deep/er/", "elsewhere", "inside", "out/x"):
        store.put_object(Bucket=name, Key=key, Body=b"")
    for key in ("in/full/", "in/fuller/still/"):
        store.put_object(Bucket=name, Key=key, Body=b"a marker with content")
    store.put_object(Bucket=name, Key="in/empty", Body=b"")
    store.put_object(Bucket=name, Key="in/folder/file", Body=b"1")
    found = sorted(told(shared, name, 2), key=lambda one: one["key"])
    assert [one["key"] for one in found] == [b"in/empty", b"in/folder/file"]
    assert [one["content"] for one in found] == [b"", b"1"]


ODD = [
    "in//x", "/in/x", "//in//y", "/a", "//a//b",
    "in/./x", "in/../x", "in/back\\slash", "in/a\tb", "in/a\nb", "in/a\x01b", "in/" + "n" * 300,
    "in/" + "k/" * 600,
]  # fmt: skip


def test_keys_that_cannot_be_leave_the_platform_whole(shared: Platform, name: str) -> None:
    """The store refuses or folds them. What it took is done once a version, and seen by a sweep as by the stream."""
    shared.deploy(name, TELL)
    store = shared.s3()
    taken = sum(_taken(store, name, key) for key in ODD)
    shared.put(f"{name}/in/afterwards", b"1")
    shared.ended(name, f"{name}/in/afterwards")
    jobs = shared.ended(name)
    assert {job["state"] for job in jobs.values()} <= {"published", "superseded"}, jobs
    assert len(jobs) <= taken + 1
    objects = {job["object"] for job in jobs.values()}
    assert not any("//" in one or "/../" in one or "\\" in one for one in objects)
    source = {"storage_provider": "minio.default", "path": f"{name}/in", "process_existing": True}
    shared.deploy(f"{name}-b", "exit 0\n", input=[source], output=[])
    shared.ended(f"{name}-b", f"{name}/in/afterwards")
    assert {job["object"] for job in shared.ended(f"{name}-b").values()} == objects


def _taken(store: Any, bucket: str, key: str) -> bool:
    try:
        store.put_object(Bucket=bucket, Key=key, Body=b"odd")
    except ClientError:
        return False
    return True


def test_long_output_names_are_shortened_and_keep_their_extension(shared: Platform, name: str) -> None:
    """A name of bytes that are no text grows when it is written so that a store takes it."""
    make = "import os\nos.chdir(os.environb[b'TMP_OUTPUT_DIR'])\n"
    make += "for n in (b'\\xff', b'\\xfe'): open(n * 100 + b'.tar.gz', 'wb').write(n)\n"
    make += "for n in ('\\u00e9' * 127, 'back\\\\slash'): open(n, 'w').close()"
    shared.deploy(name, f"python3 - <<'END'\n{make}\nEND\n")
    shared.put(f"{name}/in/x", b"1")
    job = next(iter(shared.ended(name).values()))
    assert job["state"] == "published", job
    names = [key.removeprefix("out/") for key in shared.names(f"{name}/out")]
    assert len(names) == 4
    assert "back%5Cslash" in names
    assert "\u00e9" * 127 in names
    shortened = [one for one in names if one.endswith(".tar.gz")]
    assert len(set(shortened)) == 2
    assert all(200 < len(one.encode()) <= 255 for one in shortened)
    assert {shared.get(f"{name}/out/{one}") for one in shortened} == {b"\xff", b"\xfe"}


def test_an_output_whose_key_is_too_long_fails_the_job(shared: Platform, name: str) -> None:
    """And does not wait for ever to be published."""
    shared.deploy(
        name, 'd=$(printf %0200d 0); cd "$TMP_OUTPUT_DIR"; mkdir -p $d/$d/$d/$d/$d/$d; echo 1 > $d/$d/$d/$d/$d/$d/x\n'
    )
    shared.put(f"{name}/in/x", b"1")
    job_id, job = next(iter(shared.ended(name).items()))
    assert (job["state"], "1024" in job["reason"]) == ("failed", True), job
    attempts = shared.ask("GET", f"/system/jobs/{name}/{job_id}").json()["attempts"]
    assert [attempt["outcome"] for attempt in attempts] == ["bad_output"]
    assert shared.ask("POST", f"/run/{name}", content=b"x").status_code == 500
