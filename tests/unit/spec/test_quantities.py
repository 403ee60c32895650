"""Quantities: the Kubernetes grammar, and nothing else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.spec.quantities import BadQuantity, cpu_millicores, cpu_text, memory_bytes, memory_text


@pytest.mark.parametrize(
    ("text", "millicores"),
    [
        ("0.2", 200),
        ("1", 1000),
        ("1.0", 1000),
        ("500m", 500),
        (".5", 500),
        ("2.", 2000),
        ("+1", 1000),
        ("1e3m", None),
        ("100u", 1),
        ("0.0001", 1),
        ("2k", 2000000),
        ("1e1", 10000),
        ("0", 0),
    ],
)
def test_cpu(text, millicores):
    if millicores is None:
        with pytest.raises(BadQuantity):
            cpu_millicores(text)
    else:
        assert cpu_millicores(text) == millicores


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("256Mi", 2**28),
        ("1Gi", 2**30),
        ("1.5Gi", 3 * 2**29),
        ("1Ki", 1024),
        ("1Ti", 2**40),
        ("2Ei", 2**61),
        ("1k", 1000),
        ("1M", 10**6),
        ("1G", 10**9),
        ("1T", 10**12),
        ("1E", 10**18),
        ("1e3", 1000),
        ("1E3", 1000),
        ("128974848", 128974848),
        ("129e6", 129 * 10**6),
        ("1500m", 2),
        ("5e-1", 1),
        (" 1Gi ", 2**30),
    ],
)
def test_memory(text, size):
    assert memory_bytes(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-1",
        "-1Mi",
        "1 Mi",
        "1mi",
        "1KI",
        "1KB",
        "1MiB",
        "0x10",
        "1_000",
        "nan",
        "inf",
        "1e",
        "1e999",
        "1,5",
        "9Ei",
        "1e19",
        "1" * 41,
        "1\n",
        "½",
        "1Mi\x00",
        ".",
    ],
)
def test_what_is_no_quantity_is_refused(text):
    if text == "1\n":  # blanks around a value are forgiven, as everywhere in a definition
        assert memory_bytes(text) == 1
        return
    with pytest.raises(BadQuantity):
        memory_bytes(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(BadQuantity):
        assert 0 <= memory_bytes(text) < 2**63


@given(st.integers(0, 10**9))
def test_millicores_come_back(millicores):
    assert cpu_millicores(f"{millicores}m") == millicores
    assert cpu_millicores(str(millicores / 1000)) == millicores


@pytest.mark.parametrize(
    ("millicores", "text"),
    [(200, "0.2 cores"), (1000, "1 core"), (1500, "1.5 cores"), (16000, "16 cores"), (0, "0 cores")],
)
def test_cores_for_people(millicores, text):
    assert cpu_text(millicores) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (2**28, "256 MiB"), (3 * 2**29, "1.5 GiB"), (10**9, "953.7 MiB")]
)
def test_bytes_for_people(size, text):
    assert memory_text(size) == text
