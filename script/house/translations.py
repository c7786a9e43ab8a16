"""English: locale/en/parts/*.po are the source; django.po and django.mo are made from them with Babel."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from script.house.problem import Problem
from script.house.stamps import Stamp, fingerprint

HEADER = """\
# Made from the parts/ folder at set-up; do not edit.
msgid ""
msgstr ""
"Project-Id-Version: catfish-erp\\n"
"Language: en\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


LINE = re.compile(r'(?:#.*|(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)? ?"(?:[^"\\]|\\.)*")?')


def catalog_of(text: str, name: str) -> Catalog:
    """Parse .po text strictly (Babel drops what it does not understand); a Problem names file and line."""
    for line in text.splitlines():
        if not LINE.fullmatch(line.strip()):
            raise Problem(f"{name}: this is not a line of a .po file: {line}")
    try:
        return read_po(io.StringIO(text), locale="en", abort_invalid=True)
    except PoFileError as error:
        raise Problem(f"{name}: {error}") from error


def entries(catalog: Catalog) -> Mapping[tuple[str, str], object]:
    """(context, first msgid) → translation, the header left out."""
    found = {}
    for message in catalog:
        msgid = message.id if isinstance(message.id, str) else message.id[0]
        if msgid:
            found[message.context or "", msgid] = message.string
    return found


def contradictions(parts: list[Path]) -> list[str]:
    """Chinese texts that two parts translate differently: one word per idea, so there must be none."""
    seen: dict[tuple[str, str], tuple[Path, object]] = {}
    found = []
    for part in parts:
        for key, translation in entries(catalog_of(HEADER + part.read_text(), part.name)).items():
            where, first = seen.setdefault(key, (part, translation))
            if first != translation:
                found.append(f"{key[1]!r}: {first!r} in {where.name}, {translation!r} in {part.name}")
    return found


def join_parts(parts: list[Path]) -> str:
    """One .po text: the header, then every entry once (the first file by name wins)."""
    joined = Catalog(locale="en")
    for part in parts:
        for message in catalog_of(HEADER + part.read_text(), part.name):
            if message.id and joined.get(message.id, message.context) is None:
                joined[message.id] = message
    made = [_entry(message.context, message.id, message.string) for message in joined if message.id]
    return "\n".join([HEADER, *made])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped.replace(chr(13), chr(92) + "r")}"'


def _entry(context: str | None, msgid: object, msgstr: object) -> str:
    lines = [f"msgctxt {_quoted(context)}"] if context else []
    if isinstance(msgid, (list, tuple)) and isinstance(msgstr, (list, tuple)):
        lines += [f"msgid {_quoted(msgid[0])}", f"msgid_plural {_quoted(msgid[1])}"]
        lines += [f"msgstr[{number}] {_quoted(text)}" for number, text in enumerate(msgstr)]
    else:
        lines += [f"msgid {_quoted(str(msgid))}", f"msgstr {_quoted(str(msgstr))}"]
    return "\n".join(lines) + "\n"


def compile_translations(root: Path, stamps: Path) -> bool:
    """Make locale/en/LC_MESSAGES/django.po and .mo when a part has changed; whether anything was made."""
    folder = root / "locale" / "en"
    parts = sorted((folder / "parts").glob("*.po"))
    target = folder / "LC_MESSAGES" / "django.po"
    binary = target.with_suffix(".mo")
    stamp = Stamp(stamps, "translations")
    key = fingerprint(*parts, Path(__file__))
    if stamp.fresh(key, target, binary):
        return False
    text = join_parts(parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    part = binary.with_suffix(".mo.part")
    with part.open("wb") as file:
        write_mo(file, catalog_of(text, target.name))
    part.replace(binary)
    stamp.write(key)
    return True
