"""Files and functions stay small: the bars of the house."""

import ast
import statistics


def _p90(values):
    return statistics.quantiles(values, n=10)[-1]


def test_files_are_short(modules):
    lines = [module.lines for module in modules if module.lines > 20]
    assert statistics.median(lines) <= 150
    assert _p90(lines) <= 400
    assert [module.name for module in modules if module.lines > 600] == []


def test_functions_are_short(modules):
    lengths = {
        f"{module.name}:{function.name}": function.end_lineno - function.lineno
        for module in modules
        for function in module.functions()
    }
    assert statistics.median(lengths.values()) <= 9
    assert _p90(list(lengths.values())) <= 35
    assert [name for name, length in lengths.items() if length > 80] == []


def test_nothing_of_ours_is_imported_inside_functions(modules):
    hidden = [
        f"{module.name}:{function.name}"
        for module in modules
        for function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("statuette")
    ]
    assert hidden == []


def test_catching_everything_is_rare_and_never_silent(modules):
    handlers = [
        (module, node) for module in modules for node in ast.walk(module.tree) if isinstance(node, ast.ExceptHandler)
    ]
    wide = [(module, node) for module, node in handlers if _catches_all(node)]
    assert len(wide) <= 0.05 * len(handlers)
    silent = [f"{module.name}:{node.lineno}" for module, node in wide if not _speaks(node)]
    assert silent == []


def _catches_all(node):
    return node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))


def _speaks(node):
    for part in ast.walk(node):
        if isinstance(part, ast.Raise):
            return True
        if isinstance(part, ast.Name) and part.id == node.name:  # the error is handed on
            return True
        if isinstance(part, ast.Attribute) and part.attr in ("exception", "error", "warning"):
            return True
    return False
