"""The habits of the house that a machine can see."""

import ast

from .conftest import SOURCE

ROOMS = [
    "spec",
    "events",
    "ports",
    "core",
    "supervisor",
    "backends",
    "adapters",
    "testing",
    "web",
    "client",
    "api",
    "gateway",
    "cli",
    "main",
    "torture",
]


def test_every_room_says_what_happens_here(modules):
    for module in modules:
        if module.path.name == "__init__.py" and module.path.parent != SOURCE / "testing":
            text = ast.get_docstring(module.tree) or ""
            assert 1 <= len(text.splitlines()) <= 12, module.name


def test_the_big_rooms_say_where_to_go(modules):
    texts = {
        module.path.parent.name: ast.get_docstring(module.tree) or ""
        for module in modules
        if module.path.name == "__init__.py"
    }
    for room in ROOMS:
        assert "ot here" in texts[room], f"{room} does not say what does not happen there"


def test_ports_have_five_methods_at_most(modules):
    for module in modules:
        if module.name.startswith("ports/"):
            for node in module.tree.body:
                if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Protocol" for base in node.bases):
                    methods = [one.name for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
                    assert len(methods) <= 5, f"{node.name}: {methods}"


def test_three_parameters_or_more_come_by_keyword(modules):
    """Functions with three or more parameters take the further ones by keyword; three may stand in front."""
    wrong = [
        f"{module.name}:{function.lineno} {function.name}"
        for module in modules
        for function in module.functions()
        if len(_positional(function)) > 4
    ]
    assert wrong == []


FRAMEWORK = ("api/",)
"""FastAPI calls the functions of `api` by keyword, whatever they look like."""


def _positional(function):
    names = [argument.arg for argument in function.args.posonlyargs + function.args.args]
    return [name for name in names if name not in ("self", "cls")]


def test_error_classes_have_words(modules):
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and any(
                ast.unparse(base).endswith(("Error", "Fault", "Exception", "Refused")) for base in node.bases
            ):
                assert ast.get_docstring(node), f"{module.name}: {node.name} has no words"


def test_the_tree_of_errors_is_drawn_as_it_is(modules):
    module = next(module for module in modules if module.name == "ports/errors.py")
    drawn = [
        line.strip(" │├└─")
        for line in ast.get_docstring(module.tree).splitlines()
        if line.startswith(" ") and line.strip(" │├└─")
    ]
    classes = [node.name for node in module.tree.body if isinstance(node, ast.ClassDef)]
    assert sorted(drawn) == sorted(classes)


def test_only_settings_and_the_cli_read_the_environment(modules):
    readers = {
        module.name
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and ast.unparse(node.value) == "os"
    }
    assert {name for name in readers if not name.startswith("testing/")} <= {"settings.py", "cli/environment.py"}


def test_unit_tests_mirror_the_source(modules):
    """At least four of five modules have a test file of their name."""
    tests = {path.name for path in (SOURCE.parents[1] / "tests").rglob("test_*.py")}
    wanted = [
        m
        for m in modules
        if m.path.name not in ("__init__.py", "__main__.py")
        and not m.name.startswith(("ports/", "testing/", "adapters/ledger_sql/migrations"))
    ]
    named = [m for m in wanted if f"test_{m.path.stem}.py" in tests]
    assert len(named) >= 0.8 * len(wanted), sorted(m.name for m in wanted if m not in named)
