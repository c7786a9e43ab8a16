"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """Where it goes, how, and its fields with the values that the page gave them."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.found: list[Form] = []
        self.named: dict[str, Form] = {}
        self.open: Form | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "form":
            posts = at.get("hx-post") or (
                at.get("action") if at.get("method", "").lower() == "post" else None
            )
            is_post = posts is not None or at.get("method", "").lower() == "post"
            action = posts or at.get("action") or self.address
            self.open = Form(action, "POST" if is_post else "GET")
            self.found.append(self.open)
            self.named[at.get("id", "")] = self.open
            return
        form = self.named.get(at["form"]) if "form" in at else self.open
        name = at.get("name", "")
        if form is None:
            return
        if tag == "option" and self.select and ("selected" in at or not form.fields[self.select]):
            form.fields[self.select] = at.get("value", "")
        if tag in {"input", "textarea", "select", "button"} and name:
            if at.get("type") in {"radio", "checkbox"} and "checked" not in at:
                form.fields.setdefault(name, at.get("value", "on"))
            else:
                form.fields[name] = at.get("value", "")
            self.select = name if tag == "select" else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        if tag == "select":
            self.select = ""


def forms_of(html: str, address: str) -> list[Form]:
    """Every form of a page that lies at this address; a form without an action goes back there."""
    reader = _Reader(address)
    reader.feed(html)
    return reader.found
