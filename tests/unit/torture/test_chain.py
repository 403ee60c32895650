"""What is deployed: the built-in chain, or a user's."""

import pytest

from statuette.spec import load_service
from statuette.torture.chain import NoChain, built_in, of_file


def fdl(tmp_path, inputs, outputs):
    (tmp_path / "script.sh").write_text("exit 0\n")
    text = "functions:\n  oscar:\n"
    for number, (source, target) in enumerate(zip(inputs, outputs, strict=True)):
        text += (
            f"  - c:\n      name: s{number}\n      image: host\n      script: script.sh\n      retries: {{delay: 3}}\n"
        )
        text += f"      input: [{{storage_provider: minio.default, path: {source}}}]\n" if source else ""
        text += f"      output: [{{storage_provider: minio.default, path: {target}}}]\n"
    path = tmp_path / "fdl.yaml"
    path.write_text(text)
    return path


def test_the_built_in_services_are_valid_and_one_feeds_the_other():
    chain = built_in()
    for definition in chain.definitions:
        load_service(definition)
    first, second = chain.stages
    assert first.entry
    assert not second.entry
    assert first.outputs == second.inputs
    assert chain.entry == "torture/in"
    assert chain.computable


def test_a_users_chain_begins_where_no_other_service_writes(tmp_path):
    chain = of_file(fdl(tmp_path, ["bucket/mid", "bucket/in"], ["bucket/out", "bucket/mid"]))
    assert [stage.entry for stage in chain.stages] == [False, True]
    assert chain.entry == "bucket/in"
    assert not chain.computable
    assert chain.definitions[0]["retries"] == {"delay": "3", "script": 100, "runner": 100}


def test_what_cannot_be_tortured_says_why(tmp_path):
    with pytest.raises(NoChain, match="nothing can be put"):
        of_file(fdl(tmp_path, [""], ["bucket/out"]))
    with pytest.raises(NoChain, match="cannot be read"):
        of_file(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("functions: 1\n")
    with pytest.raises(NoChain, match="functions"):
        of_file(tmp_path / "bad.yaml")
