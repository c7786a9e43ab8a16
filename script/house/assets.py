"""Front-end files: fetched from the npm lock file, then only what the pages use is copied to static/vendor/.

Standard library only: this runs before the Python packages are needed. Nothing of third parties is committed.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

from script.house.problem import Problem
from script.house.stamps import Stamp, fingerprint

COPIES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@alpinejs/csp/dist/cdn.min.js": "alpine.min.js",
    "echarts/dist/echarts.common.min.js": "echarts.common.min.js",
}
SPRITE = "icons.svg"
OUTLINE = "@tabler/icons/icons/outline"
SHAPE = re.compile(r"<svg\b(?P<head>[^>]*)>(?P<body>.*)</svg>", re.DOTALL)
# The invisible square that every Tabler icon starts with; it only costs bytes.
SQUARE = re.compile(r'<path\s+stroke="none"\s+d="M0 0h24v24H0z"\s+fill="none"\s*/>')
SOURCE_MAP = re.compile(rb"\n?(//# |/\*# )sourceMappingURL=[^\n]*")


def icon_names(text: str) -> list[str]:
    """The names in static/icons.txt: one a line, `#` starts a comment; sorted, each once."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return sorted({line for line in lines if line})


def symbol(name: str, svg: str) -> str:
    """One outline icon as a `<symbol id="tabler-NAME">` that takes colour and size from where it is used."""
    shape = SHAPE.search(svg)
    if not shape:
        raise Problem(f"The icon {name} is not an SVG that can be put into the sprite.")
    body = re.sub(r">\s+<", "><", SQUARE.sub("", shape["body"]).strip())
    style = (
        'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    )
    return f'<symbol id={quoteattr("tabler-" + name)} viewBox="0 0 24 24" {style}>{body}</symbol>'


def sprite(names: list[str], folder: Path) -> str:
    """All named icons as one SVG file; a name without an icon is a Problem that lists every such name."""
    missing = [name for name in names if not (folder / f"{name}.svg").is_file()]
    if missing:
        raise Problem(f"static/icons.txt names icons that @tabler/icons does not have: {', '.join(missing)}")
    symbols = [symbol(name, (folder / f"{name}.svg").read_text()) for name in names]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def install_modules(root: Path, say: Callable[[str], None], npm_of_wheel: Callable[[], list[str]]) -> None:
    """`npm ci` with the machine's npm, or with the wheel's where there is none or it fails."""
    own = shutil.which("npm")
    commands: list[Callable[[], list[str]]] = [lambda: [own]] if own else []
    failure = ""
    for find in [*commands, npm_of_wheel]:
        command = find()
        env = os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        say("Fetching the front-end files of package-lock.json …")
        done = subprocess.run(
            [*command, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if done.returncode == 0:
            return
        failure = done.stdout.strip()[-2000:]
    raise Problem(f"npm could not fetch the front-end files:\n{failure}")


def publish(root: Path, vendor: Path) -> None:
    """Fill static/vendor/ anew, by a rename at the end: a half-made folder is never served."""
    modules = root / "node_modules"
    wanted = root / "static" / "icons.txt"
    names = icon_names(wanted.read_text()) if wanted.exists() else []
    part = vendor.with_name("vendor.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for source, target in COPIES.items():
        (part / target).write_bytes(SOURCE_MAP.sub(b"", (modules / source).read_bytes()))
    (part / SPRITE).write_text(sprite(names, modules / OUTLINE))
    shutil.rmtree(vendor, ignore_errors=True)
    part.rename(vendor)


def fetch_assets(
    root: Path, stamps: Path, say: Callable[[str], None], npm_of_wheel: Callable[[], list[str]]
) -> None:
    """Bring node_modules/ and static/vendor/ up to date with the lock file and with static/icons.txt."""
    lock = root / "package-lock.json"
    modules, vendor = root / "node_modules", root / "static" / "vendor"
    installed, published = Stamp(stamps, "npm"), Stamp(stamps, "vendor")
    lock_key = fingerprint(lock)
    if not installed.fresh(lock_key, *(modules / source for source in COPIES), modules / OUTLINE):
        installed.clear()
        install_modules(root, say, npm_of_wheel)
        installed.write(lock_key)
    key = fingerprint(lock, root / "static" / "icons.txt", Path(__file__))
    if not published.fresh(key, *(vendor / name for name in [*COPIES.values(), SPRITE])):
        publish(root, vendor)
        published.write(key)
