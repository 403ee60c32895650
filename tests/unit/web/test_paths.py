"""Cleaning paths, and splitting them over applications."""

import pytest

from statuette.web import SERVICE_NAME, PageNotFound, split
from statuette.web.paths import clean_path


def scope(path: str, raw: bytes | None = None) -> dict:
    return {"type": "http", "path": path, "raw_path": path.encode() if raw is None else raw}


@pytest.mark.parametrize(
    ("path", "clean"), [("/", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a/b/", "/a/b"), ("/a/é", "/a/é")]
)
def test_one_trailing_slash_goes(path, clean):
    assert clean_path(scope(path)) == clean


@pytest.mark.parametrize(
    "bad",
    [
        scope("//"), scope("/a//b"), scope("/a//"), scope("/a/../b"), scope("/.."), scope("/./a"), scope("a"),
        scope(""),
        scope("/a\0"), scope("/a\n"), scope("/a\x7f"), scope("/a/b", b"/a%2Fb"), scope("/a/b", b"/a%2fb"),
        scope("/a\\b", b"/a%5Cb"), scope("/\ufffd", b"/%ff"), scope("/\udcff", b"/x"), scope("/" + "x" * 5000),
    ],
    ids=lambda bad: ascii(bad["path"])[:10],
)  # fmt: skip
def test_what_names_nothing(bad):
    with pytest.raises(PageNotFound):
        clean_path(bad)


@pytest.mark.parametrize("name", ["a", "A1", "a-b_c.d", "x" * 63])
def test_possible_names(name):
    assert SERVICE_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "a b", "é", "x" * 64, "a\n", "a/b"])
def test_impossible_names(name):
    assert not SERVICE_NAME.fullmatch(name)


@pytest.mark.parametrize(
    ("path", "to"),
    [("/run/a", "run"), ("/run", "run"), ("/run/", "run"), ("/runs/a", "rest"), ("/", "rest"), ("/a/run", "rest"),
     ("", "rest")],
)  # fmt: skip
async def test_first_part_decides(path, to):
    asked = []

    def application(name: str):
        async def app(scope, receive, send):
            asked.append(name)

        return app

    await split({"/run": application("run")}, application("rest"))(scope(path), None, None)
    assert asked == [to]


async def test_lifespan_goes_to_the_default():
    asked = []

    async def rest(scope, receive, send):
        asked.append(scope["type"])

    await split({}, rest)({"type": "lifespan"}, None, None)
    assert asked == ["lifespan"]
