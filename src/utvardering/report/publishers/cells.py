"""What the cells of a document say: runs them in one kernel and puts their results in their place as Markdown.

The kernel is the interpreter that publishes; it needs no installed kernelspec and writes only to the folders given here.
"""

from __future__ import annotations

import ast
import asyncio
import base64
import json
import os
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import yaml

from utvardering.errors import Problem, PublishError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from utvardering.report.publishers.project import Document, Metadata

INLINE = re.compile(r"`\{python\}\s+([^`]+)`")
SPECIAL = re.compile(r"([\\`*_{}\[\]<>$@^~|#])")
PICTURES = {"image/svg+xml": "svg", "image/png": "png"}
MATPLOTLIBRC = "svg.hashsalt: utvardering\nsvg.fonttype: path\nfigure.figsize: {width}, {height}\n"
CELL_SECONDS = 600


@dataclass(frozen=True)
class Cell:
    """A code cell: its `#|` options and its source without them."""

    options: Metadata
    source: str

    @property
    def label(self) -> str:
        """The label, by which messages and files name the cell."""
        return str(self.options.get("label", ""))


@dataclass
class Piece:
    """A stretch of a document: plain text, an inline expression or a cell; `outputs` is filled by the kernel."""

    text: str = ""
    expression: str = ""
    cell: Cell | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def code(self) -> str:
        """What the kernel has to run; empty for plain text."""
        if self.cell is not None:
            return self.cell.source if self.cell.options.get("eval", True) else ""
        return self.expression


def read_cell(source: str) -> Cell:
    """A cell from its source: the leading `#|` lines are its options."""
    lines = source.splitlines()
    count = next((index for index, line in enumerate(lines) if not line.startswith("#|")), len(lines))
    options = yaml.safe_load("\n".join(line[2:] for line in lines[:count])) or {}
    return Cell(options, "\n".join(lines[count:]))


def split(document: Document) -> list[Piece]:
    """The document as pieces in reading order."""
    import jupytext  # noqa: PLC0415 -- half a second that only documents with cells pay

    pieces: list[Piece] = []
    for cell in jupytext.reads(document.text, fmt="Rmd").cells:
        if cell.cell_type == "code":
            pieces.append(Piece(cell=read_cell(cell.source)))
            continue
        for index, part in enumerate(INLINE.split(cell.source)):
            pieces.append(Piece(expression=part.strip()) if index % 2 else Piece(text=part))
        pieces.append(Piece(text="\n\n"))
    return pieces


def has_code(document: Document) -> bool:
    """Whether the document needs a kernel."""
    return "```{python}" in document.text or "`{python}" in document.text


def run(document: Document, pieces: list[Piece], folder: Path, scratch: Path, caches: Path) -> None:
    """Runs every piece of code in order, in one kernel whose working directory is `folder`."""
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 -- only where there are cells
    from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415 -- only where there are cells
    from nbclient import NotebookClient  # noqa: PLC0415 -- only where there are cells
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError  # noqa: PLC0415 -- only where there are cells
    from nbformat import v4  # noqa: PLC0415 -- only where there are cells

    spec = scratch / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [
        sys.executable,
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
        "--InlineBackend.figure_format=svg",
        "--log-level=ERROR",
    ]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Python", "language": "python"}))
    running = [piece for piece in pieces if piece.code.strip()]
    notebook = v4.new_notebook(cells=[v4.new_code_cell(piece.code) for piece in running])  # type: ignore[no-untyped-call] # nbformat has no types
    specs = KernelSpecManager(kernel_dirs=[str(scratch / "kernels")])
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs, connection_file=str(scratch / "kernel.json"))
    client = NotebookClient(notebook, km=kernel, timeout=CELL_SECONDS, resources={"metadata": {"path": str(folder)}})
    try:
        asyncio.run(client.async_execute(cleanup_kc=True, env=kernel_environment(document, scratch, caches)))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        failed = [
            piece for piece, cell in zip(running, notebook.cells, strict=True) if cell.get("execution_count") or cell.outputs
        ]
        raise cell_error(document, failed[-1] if failed else running[0], error) from error
    for piece, cell in zip(running, notebook.cells, strict=True):
        piece.outputs = list(cell.outputs)


def cell_error(document: Document, piece: Piece, error: Exception) -> PublishError:
    """Names the document, the cell and its line, and the last line of the exception."""
    name, value = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error).partition("\n")[0])
    last = next((line for line in reversed(f"{name}: {value}".splitlines()) if line.strip()), str(name))
    if piece.cell is not None:
        where, line = f"cell {piece.cell.label}", document.place(rf"^#\|\s*label:\s*{re.escape(piece.cell.label)}\s*$")
    else:
        where, line = f"inline `{piece.expression}`", document.place(re.escape(piece.expression))
    file = line.file if line else document.path
    advice = "run the study again, or mend the cell"
    return PublishError(f"{document.path}: {where} failed.", (Problem(file, f"{last} ({advice})", line.number if line else 0),))


def environment(metadata: Metadata, scratch: Path, caches: Path) -> dict[str, str]:
    """Environment in which cells give the same bytes each time and write neither at home nor beside the sources."""
    width, height = metadata.get("fig-width", 7), metadata.get("fig-height", 5)
    caches.mkdir(parents=True, exist_ok=True)
    style = scratch / "matplotlibrc"
    style.write_text(MATPLOTLIBRC.format(width=width, height=height))
    private = {
        name: str(scratch / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    return {
        **os.environ,
        **private,
        "MATPLOTLIBRC": str(style),
        "MPLCONFIGDIR": str(caches),
        "XDG_CACHE_HOME": str(caches),
        "SOURCE_DATE_EPOCH": "0",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "QUARTO_PYTHON": sys.executable,
    }


def kernel_environment(document: Document, scratch: Path, caches: Path) -> dict[str, str]:
    """As `environment`, with the figure size and format that plotnine reads from Quarto's variables."""
    metadata = document.formats.get("html") or next(iter(document.formats.values()))
    return {
        **environment(metadata, scratch, caches),
        "QUARTO_FIG_WIDTH": str(metadata.get("fig-width", 7)),
        "QUARTO_FIG_HEIGHT": str(metadata.get("fig-height", 5)),
        "QUARTO_FIG_DPI": str(metadata.get("fig-dpi", 96)),
        "QUARTO_FIG_FORMAT": "svg",
        "QUARTO_DOCUMENT_PATH": str(document.folder),
    }


def markdown(document: Document, pieces: list[Piece], out: Path) -> str:
    """The document with results in place of code; pictures are written below `out`, the document's folder in the site."""
    execute = next(iter(document.formats.values())).get("execute") or {}
    written = []
    for piece in pieces:
        if piece.cell is not None:
            written.append("\n" + "\n\n".join(_cell_blocks(document, piece, execute, out)) + "\n\n")
        elif piece.expression:
            written.append(_inline(document, piece))
        else:
            written.append(piece.text)
    return "".join(written)


def _inline(document: Document, piece: Piece) -> str:
    data = next((output["data"] for output in piece.outputs if output["output_type"] == "execute_result"), None)
    if data is None:
        raise cell_error(document, piece, ValueError("the expression has no value"))
    if "text/markdown" in data:
        return str(data["text/markdown"]).strip()
    plain = str(data["text/plain"])
    if plain[:1] in {"'", '"'}:
        plain = str(ast.literal_eval(plain))
    return SPECIAL.sub(r"\\\1", plain)


def _cell_blocks(document: Document, piece: Piece, execute: Metadata, out: Path) -> Iterator[str]:
    cell = cast("Cell", piece.cell)
    options = {"echo": True, "output": True, "include": True, **execute, **cell.options}
    if not options["include"]:
        return
    if options["echo"]:
        yield f"```python\n{cell.source}\n```"
    if options["output"] is False:
        return
    outputs = [
        {**output, "picture": f"{document.stem}_files/figure-html/{cell.label}-output-{number}"}
        for number, output in enumerate(piece.outputs, 1)
    ]
    shown = [text for output in outputs if (text := _output(options, output, out))]
    kind = cell.label.partition("-")[0]
    if kind not in {"fig", "tbl"} or not shown:
        yield from shown
        return
    given = {"fig-alt": options.get("fig-alt"), "tbl-colwidths": options.get("tbl-colwidths")}
    attributes = "".join(f" {name}={quoted(value)}" for name, value in given.items() if value is not None)
    yield "\n\n".join([f":::::::: {{#{cell.label}{attributes}}}", *shown, str(options.get(f"{kind}-cap", "")), "::::::::"])


def _output(options: Metadata, output: dict[str, Any], out: Path) -> str:
    """One output as Markdown; a picture is written to its file below `out`."""
    if output["output_type"] == "stream":
        if output["name"] == "stderr":
            return ""
        return str(output["text"]).strip() if options["output"] == "asis" else verbatim(output["text"])
    data = output.get("data", {})
    for mime, ending in PICTURES.items():
        if mime in data:
            name = f"{output['picture']}.{ending}"
            file = out / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(base64.b64decode(data[mime]) if ending == "png" else str(data[mime]).encode())
            return f"![]({name}){{fig-alt={quoted(options.get('fig-alt', ''))}}}"
    for mime, write in TEXTS.items():
        if mime in data:
            return write(str(data[mime]))
    return ""


def verbatim(text: str) -> str:
    """Text as a code block."""
    return f"```\n{text.rstrip()}\n```"


def raw_html(text: str) -> str:
    """HTML that only the page shows."""
    return f"```{{=html}}\n{text.strip()}\n```"


def quoted(value: object) -> str:
    """A value as a quoted Pandoc attribute."""
    text = json.dumps(value) if isinstance(value, list) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


TEXTS: dict[str, Callable[[str], str]] = {
    "text/markdown": str.strip,
    "text/html": raw_html,
    "text/latex": str.strip,
    "text/plain": verbatim,
}
