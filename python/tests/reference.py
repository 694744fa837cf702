"""Writes the pages of the book about the package, from its docstrings and stubs: `python python/tests/reference.py`.

The package must be installed: docstrings of what is made in Rust are in the module itself. A test compares the pages with what is
written here.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import flowtwin

HERE = Path(__file__).parents[1]
DOCS = HERE.parent / "docs"
PAGES = DOCS / "python"

#: The pages, in the order of the book: title, and what is on each.
BOOK = {
    "scenario": ("`Scenario`", ["Scenario"]),
    "space": ("`Space`", ["Space"]),
    "lab": ("`Lab`", ["Lab"]),
    "observation": ("`Observation`", ["Observation", "Spectrum"]),
    "policy": ("`Policy`", ["Policy"]),
    "surrogate": ("`Surrogate`", ["Surrogate"]),
    "run": ("`run` and `Run`", ["run", "Run", "Proposal"]),
    "own-policy": ("`OwnPolicy`", ["OwnPolicy"]),
    "own-lab": ("`OwnLab`", ["OwnLab"]),
    "benchmark": ("`benchmark` and `Benchmark`", ["benchmark", "Benchmark"]),
    "study": ("`study` and `Study`", ["study", "Study"]),
    "calibration": ("`calibrate` and `Calibration`", ["calibrate", "Calibration"]),
    "shadow": ("`shadow` and `Shadow`", ["shadow", "Shadow"]),
    "paper": ("`paper` and `Paper`", ["paper", "Paper"]),
    "frame": ("`Frame`", ["Frame"]),
    "errors": ("Errors", ["FlowtwinError", "ScenarioError", "ConditionsError", "PolicyError", "Fault"]),
}
NOTE = "<!-- Made by python/tests/reference.py from docstrings and stubs: change those, and run it again. -->"
FIRST = "What `import flowtwin` gives, page by page, and adapters to other packages, each with a program that the tests run. [From Python](../python.md) is the place to begin."

Nodes = dict[str, ast.stmt]


def members(body: Iterable[ast.stmt]) -> Nodes:
    """Functions and classes by name; of several with one name the last, which is no overload."""
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def sources() -> Nodes:
    """Everything that has a signature: in the stubs, or in the package."""
    found = members(ast.parse((HERE / "flowtwin/_flowtwin.pyi").read_text()).body)
    for name in flowtwin.__all__:
        module = getattr(getattr(flowtwin, name), "__module__", "flowtwin")
        if module not in ("flowtwin", "flowtwin._flowtwin", "builtins"):
            file = importlib.import_module(module).__file__
            assert file is not None
            found |= members(ast.parse(Path(file).read_text()).body)
    return found


def signature(name: str, node: ast.FunctionDef, *, method: bool) -> str:
    """How it is called, in one line or an argument a line."""
    arguments = ast.unparse(node.args)
    if method and not any(ast.unparse(each) == "staticmethod" for each in node.decorator_list):
        arguments = re.sub(r"^(self|cls)(, )?(/, )?", "", arguments)
    arguments = arguments.replace("_AnyScenario", "Scenario | str | os.PathLike[str]").replace("AnyScenario", "Scenario | str | os.PathLike[str]")
    returns = "" if node.returns is None or node.name in ("__init__", "__new__") else f" -> {ast.unparse(node.returns)}"
    line = f"{name}({arguments}){returns}"
    if len(line) <= 100:
        return line
    parts = re.split(r", (?![^\[\]()]*[\])])", arguments)
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returns}"


def inline(text: str) -> str:
    """Words of a docstring as Markdown: code, and links to pages."""
    def linked(match: re.Match[str]) -> str:
        name = match.group(1).removeprefix("flowtwin.")
        return f"[`{name}`]({page})" if (page := page_of(name.partition(".")[0])) else f"`{name}`"

    text = re.sub(r":\w+:`~?([\w.]+)`", linked, text)
    return text.replace("``", "`")


def page_of(name: str) -> str | None:
    """The page that something is on."""
    return next((f"{page}.md" for page, (_, names) in BOOK.items() if name in names), None)


def markdown(doc: str) -> str:
    """A docstring as Markdown."""
    doc = inspect.cleandoc(doc)
    targets = dict(re.findall(r"^\.\. _([^:]+): (\S+)$", doc, re.MULTILINE))
    doc = re.sub(r"^\.\. _.*$", "", doc, flags=re.MULTILINE)
    for words, target in targets.items():
        doc = doc.replace(f"`{words}`_", f"[{words}](../{target.removeprefix('docs/')})")
    return "\n\n".join(blocks(doc.splitlines()))


def blocks(lines: list[str]) -> Iterator[str]:
    """Paragraphs, lists, sections and examples."""
    place = 0
    while place < len(lines):
        if not lines[place].strip():
            place += 1
            continue
        end = place + 1
        if re.fullmatch(r"(Args|Attributes|Example|Raises|Returns):", lines[place]):
            while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" ")):
                end += 1
            yield section(lines[place], lines[place + 1 : end])
        else:
            while end < len(lines) and lines[end].strip() and not re.match(r"(Args|Attributes|Example|Raises|Returns):$", lines[end]):
                end += 1
            yield paragraph(lines[place:end])
        place = end


def paragraph(lines: list[str]) -> str:
    """Lines that belong together."""
    if lines[0].startswith(">>>"):
        return "```python\n" + "\n".join(lines) + "\n```"
    if lines[0].startswith("    "):
        return "```sh\n" + textwrap.dedent("\n".join(lines)) + "\n```"
    joined: list[str] = []
    for line in lines:
        if joined and not line.startswith("- "):
            joined[-1] += f" {line.strip()}"
        else:
            joined.append(line.strip())
    return inline("\n".join(joined))


def section(title: str, lines: list[str]) -> str:
    """Arguments and the like as a list; what does not belong to it follows."""
    if title == "Example:":
        return fenced(textwrap.dedent("\n".join(lines)).strip("\n"))
    body = textwrap.dedent("\n".join(lines)).strip("\n").split("\n\n")
    if title == "Returns:":
        return f"Returns: {paragraph(body[0].splitlines())}"
    items: list[str] = []
    for line in body[0].splitlines():
        if line.startswith(" ") and items:
            items[-1] += f" {line.strip()}"
        else:
            name, _, text = line.partition(": ")
            items.append(f"- `{name}`: {text}" if text else f"- {name}")
    heads = {"Args:": "Arguments:", "Attributes:": "It has:", "Raises:": "Raises:"}
    rest = [paragraph(each.splitlines()) for each in body[1:]]
    return "\n\n".join([heads[title] + "\n\n" + inline("\n".join(items)), *rest])


def fenced(text: str) -> str:
    return f"```python\n{text}\n```"


def of_function(name: str, node: ast.FunctionDef, doc: str, level: int) -> list[str]:
    """A function."""
    return [f"{'#' * level} `{name}`", fenced(signature(name, node, method=False)), markdown(doc)]


def of_class(name: str, kind: type, known: Nodes, level: int) -> list[str]:
    """A class, how it is made, and what it has."""
    parts = [f"{'#' * level} `{name}`"] if level > 1 else []
    nodes: Nodes = {}
    for base in reversed(kind.__mro__):
        node = known.get(base.__name__)
        if isinstance(node, ast.ClassDef):
            nodes |= members(node.body)
    made = nodes.get("__init__") or nodes.get("__new__")
    if isinstance(made, ast.FunctionDef) and not issubclass(kind, BaseException) and not is_found(kind):
        parts.append(fenced(signature(name, made, method=True)))
    parts.append(markdown(inspect.getdoc(kind) or ""))
    init = kind.__dict__.get("__init__")
    if init is not None and getattr(init, "__doc__", None) and not issubclass(kind, BaseException):
        if not init.__doc__.startswith("Initialize self"):
            parts.append(markdown(init.__doc__))
    if issubclass(kind, BaseException):
        return parts
    for key, node in nodes.items():
        if key.startswith("_") or not isinstance(node, ast.FunctionDef):
            continue
        parts += of_member(name, kind, key, node, level + 1)
    return parts


def is_found(kind: type) -> bool:
    """Whether only functions of the package make it."""
    return any(base.__name__ == "Found" for base in kind.__mro__) or kind.__name__ == "Run"


def of_member(name: str, kind: type, key: str, node: ast.FunctionDef, level: int) -> list[str]:
    """A method or a property."""
    doc = markdown(inspect.getdoc(getattr(kind, key)) or "")
    decorators = {ast.unparse(each) for each in node.decorator_list}
    if "property" in decorators:
        returns = "" if node.returns is None else f": {ast.unparse(node.returns)}"
        return [f"{'#' * level} `{key}{returns}`", doc]
    called = f"{name}.{key}" if decorators & {"staticmethod", "classmethod"} else key
    return [f"{'#' * level} `{key}`", fenced(signature(called, node, method=True)), doc]


def adapter(path: Path) -> str:
    """The page of an adapter, from its source: its package need not be there."""
    tree = ast.parse(path.read_text())
    parts = [NOTE, f"# `flowtwin.adapters.{path.stem}`", f"{install(path.stem)}.", markdown(ast.get_docstring(tree) or "")]
    everything = next(ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__")
    nodes = members(tree.body)
    for name in everything:
        node = nodes[name]
        made = members(node.body).get("__init__") if isinstance(node, ast.ClassDef) else node
        assert isinstance(node, ast.ClassDef | ast.FunctionDef)
        parts.append(f"## `{name}`")
        if isinstance(made, ast.FunctionDef):
            parts.append(fenced(signature(name, made, method=made is not node)))
        parts.append(markdown(ast.get_docstring(node) or ""))
    return "\n\n".join(parts) + "\n"


def install(module: str) -> str:
    """How the package of an adapter is installed, as docs/python.md says it."""
    (words,) = re.findall(rf"^\| `flowtwin\.adapters\.{module}` \| ([^|]*) \|", (DOCS / "python.md").read_text(), re.MULTILINE)
    return str(words)


def adapters() -> dict[str, str]:
    """The pages of the adapters, by their names."""
    return {f"adapter-{path.stem}": adapter(path) for path in sorted((HERE / "flowtwin/adapters").glob("[!_]*.py"))}


def pages() -> dict[str, str]:
    """The text of every page, by the name of its file."""
    known = sources()
    found: dict[str, str] = {}
    for page, (title, names) in BOOK.items():
        parts = [NOTE, f"# {title}"]
        for name in names:
            thing, node = getattr(flowtwin, name), known.get(name)
            if inspect.isclass(thing):
                parts += of_class(name, thing, known, 1 if len(names) == 1 else 2)
            else:
                assert isinstance(node, ast.FunctionDef)
                parts += of_function(name, node, inspect.getdoc(thing) or "", 2)
        found[f"{page}.md"] = "\n\n".join(part for part in parts if part) + "\n"
    found |= {f"{page}.md": text for page, text in adapters().items()}
    listed = "\n".join(f"- [{title}]({page}.md)" for page, title in titles().items())
    found["README.md"] = "\n\n".join([NOTE, "# The Python package", FIRST, listed]) + "\n"
    return found


def titles() -> dict[str, str]:
    """The pages in the order of the book, and their titles."""
    own = {page: title for page, (title, _) in BOOK.items()}
    return own | {page: f"`flowtwin.adapters.{page.removeprefix('adapter-')}`" for page in adapters()}


def summary(text: str) -> str:
    """The table of contents of the book with these pages."""
    lines = [f"  - [{title}](python/{page}.md)" for page, title in titles().items()]
    block = "\n".join(["- [The Python package](python/README.md)", *lines]) + "\n"
    text = re.sub(r"(?m)^ *- \[[^\n]*\]\(python/[^\n]*\n", "", text)
    return text.replace("- [Files of a run](files.md)\n", "- [Files of a run](files.md)\n" + block)


def main() -> None:
    """Writes the pages."""
    PAGES.mkdir(exist_ok=True)
    for old in PAGES.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
    contents = DOCS / "SUMMARY.md"
    contents.write_text(summary(contents.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
