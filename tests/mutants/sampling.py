"""A random sample of the mutants of packages."""

from __future__ import annotations

import ast
import difflib
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst
from mutmut.mutation.file_mutation import Mutation, create_mutations

ROOT = Path(__file__).parents[2]
PACKAGE = "stream_monitor"


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    package: str
    file: str
    diff: str

    def code(self) -> str | None:
        """Return the file's code with the change; None where the code is not as it was when the mutant was made."""
        lines = (ROOT / self.file).read_text().split("\n")
        moved = 0
        for header, hunk in _hunks(self.diff):
            old = [line[1:] for line in hunk if line[0] != "+"]
            new = [line[1:] for line in hunk if line[0] != "-"]
            was = int(header.split(",")[0].removeprefix("@@ -")) - 1 + moved
            found = [at for at in range(len(lines)) if lines[at : at + len(old)] == old]
            if not found:
                return None
            at = min(found, key=lambda it: abs(it - was))
            lines[at : at + len(old)] = new
            moved = at - was + moved + len(new) - len(old)
        return "\n".join(lines)


def _hunks(diff: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the header and the lines of each hunk of a unified diff."""
    for hunk in re.split(r"^(?=@@ )", diff, flags=re.MULTILINE)[1:]:
        header, *lines = hunk.removesuffix("\n").split("\n")
        yield header, lines


def sample(packages: Iterable[str], size: int, seed: int) -> list[Mutant]:
    """Return a random sample of the mutants of the packages, the same for the same code and seed."""
    places = [place for package in packages for place in _places(package)]
    random.Random(seed).shuffle(places)
    print(f"{len(places):,} mutants in {len({path for _, path, *_ in places})} files", flush=True)
    mutants: list[Mutant] = []
    for package, path, module, mutation in places:
        if len(mutants) == size:
            break
        changed = module.deep_replace(mutation.original_node, mutation.mutated_node)
        assert isinstance(changed, libcst.Module)
        if not _is_equivalent(module.code, changed.code):
            mutants.append(_mutant(package, str(path.relative_to(ROOT)), module.code, changed.code))
    return mutants


def _places(package: str) -> Iterator[tuple[str, Path, libcst.Module, Mutation]]:
    """Yield what mutmut would change in the functions of a package."""
    for path in sorted((ROOT / PACKAGE / package).glob("*.py")):
        module, mutations, *_ = create_mutations(str(path), path.read_text())
        for mutation in mutations:
            if isinstance(mutation.contained_by_top_level_function, libcst.FunctionDef):
                yield package, path, module, mutation


def _mutant(package: str, file: str, code: str, changed: str) -> Mutant:
    lines = difflib.unified_diff(code.split("\n"), changed.split("\n"), file, file, "", "", 1, "")
    return Mutant(package, file, "\n".join(lines))


class _WithoutTypes(ast.NodeTransformer):
    """Takes away ``cast``, which does nothing when the program runs."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        is_cast = isinstance(node.func, ast.Name) and node.func.id == "cast" and len(node.args) == 2
        return node.args[1] if is_cast else node


def _is_equivalent(code: str, mutated: str) -> bool:
    """Return whether two texts are the same program but for types."""
    try:
        return ast.dump(_WithoutTypes().visit(ast.parse(code))) == ast.dump(_WithoutTypes().visit(ast.parse(mutated)))
    except SyntaxError:
        return True
