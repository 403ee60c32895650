"""Names and keys: one rule each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.spec.names import (
    LONGEST_PART,
    BadName,
    bucket_problem,
    check_key,
    control_problem,
    key_problem,
    label_problem,
    local_name,
    service_problem,
    shortened,
    variable_problem,
)


@pytest.mark.parametrize("name", ["a", "hello", "ai4papi-0b1c", "0day", "a" * 39])
def test_service_names(name):
    assert service_problem(name) is None


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a.b", "a" * 40, "a" * 1000, "é", "a\n", "a/b", ".."])
def test_bad_service_names_are_told(name):
    problem = service_problem(name)
    assert problem is not None
    assert "1 to 39" in problem
    assert len(problem) < 300


def test_labels_may_be_longer():
    assert label_problem("a" * 63) is None
    assert label_problem("a" * 64) is not None


@pytest.mark.parametrize("name", ["abc", "a.b-c", "0bucket", "a" * 63, "1.2.3.4a"])
def test_buckets(name):
    assert bucket_problem(name) is None


@pytest.mark.parametrize(
    "name", ["", "ab", "a" * 64, "Abc", "a_b", "-abc", "abc-", "a..b", "1.2.3.4", ".abc", "a b", "abc\n"]
)
def test_bad_buckets(name):
    assert "3 to 63" in (bucket_problem(name) or "")


@pytest.mark.parametrize(("name", "good"), [("A", True), ("_a1", True), ("1a", False), ("a-b", False), ("", False)])
def test_variables(name, good):
    assert (variable_problem(name) is None) is good


@pytest.mark.parametrize(
    "key",
    ["in/a.png", "in/", "ein name +%2F.txt", "данные/文件.png", "a" * 255, "/".join(["a" * 200] * 5), "...", "a/.b"],
)
def test_keys_that_stay_as_they_are(key):
    assert check_key(key) == key


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "1 to 1024 bytes"),
        ("a/" * 513, "1 to 1024 bytes"),
        ("/a", "'//'"),
        ("a//b", "'//'"),
        ("a//", "'//'"),
        ("/", "'//'"),
        ("a/./b", "as a part"),
        ("../a", "as a part"),
        ("a/..", "as a part"),
        ("a/../", "as a part"),
        ("a\0b", "control"),
        ("a\nb", "control"),
        ("a\x7f", "control"),
        ("x/" + "ü" * 128, "more than 255 bytes"),
        ("\ud800", "Unicode"),
    ],
)
def test_keys_that_are_refused(key, why):
    assert why in (key_problem(key) or "")
    with pytest.raises(BadName, match="the object's key"):
        check_key(key)


def test_control_characters_are_named_in_escaped_form():
    assert "\\x00" in (control_problem("a\0") or "")


@pytest.mark.parametrize("extension", [".png", ".tar.gz", ".jpeg"])
def test_long_names_keep_their_extension(extension):
    name = shortened("x" * 300 + extension)
    assert len(name.encode()) == LONGEST_PART
    assert name.endswith(extension)
    assert name.startswith("x" * 200)


def test_an_extension_too_long_to_be_one_is_cut():
    assert len(shortened("a." + "b" * 300).encode()) <= LONGEST_PART


def test_long_names_that_differ_only_at_the_end_stay_different():
    assert shortened("x" * 300 + "1.png") != shortened("x" * 300 + "2.png")


def test_each_part_is_shortened_by_itself():
    name = shortened(f"short/{'y' * 400}.csv/{'z' * 256}")
    first, second, third = name.split("/")
    assert (first, second[:3], third[:3]) == ("short", "yyy", "zzz")
    assert max(len(part) for part in name.split("/")) <= LONGEST_PART


@given(st.text(max_size=600))
def test_shortening_is_stable_and_keeps_the_parts(name):
    short = shortened(name)
    assert shortened(short) == short
    assert short.count("/") == name.count("/")
    assert all(len(part.encode()) <= LONGEST_PART for part in short.split("/"))
    if all(len(part.encode()) <= LONGEST_PART for part in name.split("/")):
        assert short == name


def test_names_of_files_that_are_no_unicode_are_shortened_too():
    assert len(shortened("\udcff" * 300).encode("utf-8", "surrogateescape")) <= LONGEST_PART


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("in/a.png", "a.png"),
        ("a.png", "a.png"),
        ("in/..", "file"),
        (".", "file"),
        ("", "file"),
        ("in/dir/", "dir"),
        ("a\x00b", "a_b"),
        ("in/ein name+.txt", "ein name+.txt"),
    ],
)
def test_local_names(key, name):
    assert local_name(key) == name


@given(st.text(max_size=600))
def test_a_local_name_is_always_a_file_name(key):
    name = local_name(key)
    assert name not in ("", ".", "..")
    assert "/" not in name
    assert "\0" not in name
    assert len(name.encode("utf-8", "surrogatepass")) <= LONGEST_PART
