"""FDL files, as they are found in the wild, and back."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.spec import FdlService, InvalidDefinition, Service, dump_fdl, load_fdl, load_service, script_files

COWSAY = """\
functions:
  oscar:
  - my-cluster:
      name: cowsay
      cpu: 1.0
      memory: 1Gi
      image: ghcr.io/grycap/cowsay
      script: script.sh
      log_level: CRITICAL
      environment:
        Variables: {INPUT_TYPE: json, FLAG: yes, OCTAL: 010, HEX: 0x10, T: true, N: null, F: 1e3, D: 2024-01-01}
      expose:
        api_port: 5000
      replicas:
      - type: oscar
      input:
      - {storage_provider: minio.default, path: cowsay/input}
      output:
      - storage_provider: minio
        path: /cowsay/output/
"""


def scripts(path):
    return {"script.sh": "echo moo\r\n"}[path]


def one(text, **more) -> FdlService:
    (service,) = load_fdl(text, scripts=scripts, **more)
    return service


def problems_of(text, **more):
    try:
        for service in load_fdl(text, scripts=scripts, **more):
            service.service()
    except InvalidDefinition as error:
        return error.problems
    return []


def test_the_sample_of_the_contract():
    read = one(COWSAY)
    service = read.service()
    assert (read.cluster, service.cluster_id, service.name) == ("my-cluster", "my-cluster", "cowsay")
    assert (service.cpu, service.memory, service.script, service.expose.api_port) == (
        "1.0",
        "1Gi",
        "echo moo\n",
        [5000],
    )
    assert [service.input[0].path, service.output[0].path] == ["cowsay/input", "cowsay/output"]


def test_scalars_of_variables_keep_their_text():
    assert one(COWSAY).service().environment.variables == {
        "INPUT_TYPE": "json",
        "FLAG": "yes",
        "OCTAL": "010",
        "HEX": "0x10",
        "T": "true",
        "N": "",
        "F": "1e3",
        "D": "2024-01-01",
    }


@pytest.mark.parametrize(
    "change", [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t, lambda t: t.replace("1.0\n", "1.0\t\n")]
)
def test_line_ends_byte_order_marks_and_tabs_after_values(change):
    assert one(change(COWSAY)).service() == one(COWSAY).service()


def test_shared_blocks_overwrite_what_a_service_carries():
    text = COWSAY + (
        "      storage_providers: {s3: {own: {region: x}}}\n"
        "storage_providers:\n  minio:\n    other: {endpoint: 'https://m.example.org'}\n"
        "Clusters:\n  there: {endpoint: 'https://c.example.org', ssl_verify: False}\n"
    )
    service = one(text).service()
    assert list(service.storage_providers.all()) == ["minio.other"]
    assert service.clusters["there"].ssl_verify is False


def test_another_name_moves_the_buckets_called_like_the_old_one():
    text = COWSAY + "      - {storage_provider: minio, path: elsewhere/cowsay}\n"
    text += "      mount: {storage_provider: minio, path: cowsay}\n"
    service = one(text, rename="moo").service()
    assert (service.name, service.mount.path) == ("moo", "moo")
    assert [place.path for place in (*service.input, *service.output)] == [
        "moo/input",
        "moo/output",
        "elsewhere/cowsay",
    ]


def test_several_services_and_anchors():
    text = """
functions:
  oscar:
  - here: &base
      name: one
      image: alpine
      script: script.sh
  - there:
      <<: *base
      name: two
"""
    services = load_fdl(text, scripts=scripts)
    assert [(read.cluster, read.service().name, read.service().image) for read in services] == [
        ("here", "one", "alpine"),
        ("there", "two", "alpine"),
    ]


def test_scripts_may_come_from_a_mapping():
    (read,) = load_fdl(COWSAY, scripts={"script.sh": "x"})
    assert read.definition["script"] == "x"


@pytest.mark.parametrize("missing", [KeyError, FileNotFoundError, PermissionError])
def test_a_missing_script_is_told_with_its_line(missing):
    def none(path):
        raise missing(path)

    with pytest.raises(InvalidDefinition) as caught:
        load_fdl(COWSAY, scripts=none, file="cow.yaml")
    assert caught.value.problems == [f"cow.yaml:8: script: no readable file 'script.sh' ({missing.__name__})"]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("1.0", "lots", "5: cpu"),
        ("cowsay\n      cpu", "Cow Say\n      cpu", "4: name"),
        ("INPUT_TYPE", "BAD-NAME", "11: environment.variables.BAD-NAME"),
        ("5000", "70000", "13: expose.api_port[0]"),
        ("/cowsay/output/", "Out/x", "20: output[0].path"),
        ("path: /cowsay/output/", "x: y", "19: output[0].path"),
    ],
)
def test_problems_name_file_line_and_field(old, new, where):
    assert old in COWSAY
    (line,) = problems_of(COWSAY.replace(old, new), file="cow.yaml")
    assert line.startswith(f"cow.yaml:{where}: ")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "FDL:1: functions.oscar"),
        ("[]", "FDL:1: functions.oscar"),
        ("functions: {oscar: []}", "FDL:1: functions.oscar"),
        ("functions:\n  oscar:\n  - x", "FDL:3: functions.oscar.0"),
        ("functions:\n  oscar:\n  - x:\n    name: y", "FDL:3: functions.oscar.0.x"),
        ("functions: [", "FDL:1: is no valid YAML"),
        ("a: b\na: c", "FDL:2: 'a' is given twice"),
        ("a: !!python/object:os.system x", "FDL:1: the tag"),
        ("a: &a [*a]", "FDL:1: holds itself"),
        ("? [a]\n: b", "FDL:1: a key must be text"),
        ("a: \x01", "FDL: is no valid YAML"),
        ("a: " + "[" * 60 + "]" * 60, "FDL:1: holds itself, or is nested too deeply"),
        ("a: " + "[" * 5000, "FDL"),
        ("a: 1\n---\nb: 2", "FDL:2: is no valid YAML"),
        ("<<: x", "FDL:1: '<<' takes mappings"),
    ],
)
def test_what_is_no_fdl_file_is_told_with_its_line(text, where):
    assert problems_of(text)[0].startswith(where)


def test_aliases_do_not_multiply():
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)) + COWSAY
    assert one(text).service().name == "cowsay"


def test_a_service_without_a_script_is_told():
    assert any("script: is missing" in line for line in problems_of(COWSAY.replace("script: script.sh", "alpine: no")))


def test_scripts_of_the_same_name_get_numbers():
    first, second = (Service(name="a", image="b", script=text) for text in ("1", "2"))
    pairs = [("x", first), ("y", second), ("z", first)]
    assert script_files(pairs) == {"a.sh": "1", "a-2.sh": "2"}
    assert [read.definition["script"] for read in load_fdl(dump_fdl(pairs), scripts=script_files(pairs))] == [
        "1",
        "2",
        "1",
    ]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20)
CLUSTERS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=10)
AWKWARD = st.sampled_from(
    ["yes", "null", "~", "", "1.0", "0x10", "01", "<<", "=", "2024-01-01", "- a", "a: b", "#", "'", "\t", " x "]
)
NAMES = st.text(string.ascii_lowercase, min_size=3, max_size=12)
VARIABLES = st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=6), TEXT | AWKWARD, max_size=4)
WHOLE = st.integers(0, 10**6)


@st.composite
def definitions(draw):
    name = draw(NAMES)
    return {
        "name": name,
        "image": draw(st.sampled_from(["host", "alpine:3", "ghcr.io/x/y:1.0"])),
        "script": draw(TEXT.filter(str.strip)),
        "cpu": draw(st.sampled_from(["0.2", "1.0", 2, "500m", "1e0"])),
        "memory": draw(st.sampled_from(["256Mi", "1Gi", 1e9, "1e9"])),
        "synchronous": {"min_scale": draw(WHOLE), "max_scale": 0},
        "enable_gpu": draw(st.booleans()),
        "environment": {"variables": draw(VARIABLES), "secrets": draw(VARIABLES)},
        "annotations": {"a": draw(TEXT | AWKWARD)},
        "allowed_users": draw(st.lists(st.sampled_from(["yes", "1", "a@b", "null"]))),
        "input": [{"storage_provider": "minio", "path": draw(NAMES), "process_existing": draw(st.booleans())}],
        "output": [
            {"storage_provider": "minio", "path": f"{draw(NAMES)}/x", "suffix": draw(st.lists(NAMES, max_size=2))}
        ],
        "expose": {"api_port": draw(st.lists(st.integers(1, 65535), max_size=3))},
        "timeout": draw(st.none() | st.integers(1, 10**6)),
        "runner": {"reuse": draw(st.sampled_from(["user", "never", "service"]))},
        "python": draw(st.none() | st.just({"requirements": ["numpy==2.1.0", "x==1.0; python_version > '3'"]})),
        "kserve": draw(st.none() | st.just({"type": "llm_inference", "storage_uri": "hf://x", "set_auth": False})),
    }


@given(st.lists(st.tuples(CLUSTERS | AWKWARD.map(str.strip), definitions()), min_size=1, max_size=3))
def test_services_go_into_a_file_and_come_back(elements):
    services = [(cluster, load_service({**data, "cluster_id": ""})) for cluster, data in elements]
    read = load_fdl(dump_fdl(services), scripts=script_files(services))
    for (cluster, service), back in zip(services, read, strict=True):
        assert back.cluster == cluster
        assert load_service(back.definition) == service.model_copy(update={"cluster_id": cluster})
