"""People, pictures and checks for the browser tests of the floor."""

import os
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from core import db
from core.accounts import Role
from core.services import accounts
from core.tenancy import tenant
from tests import builders
from tests.live import LiveSite

SIZES = {"desktop": (1440, 900), "tablet": (768, 1024), "phone": (360, 640)}


def sign_in(page: Page, site: LiveSite, tenant_id: int, role: Role) -> None:
    """A new person of this role comes in by the form."""
    with tenant(tenant_id):
        name = builders.unique(f"b{db.new_id()}-")
        user_id = accounts.create_user(username=name, name="王芳", password=builders.PASSWORD)
        accounts.join(user_id=user_id, role=role)
    page.goto(f"{site.url}/signin/?next=/jobs/")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(builders.PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="后台任务", level=1)).to_be_visible()


def scan(page: Page, text: str) -> None:
    """Type as a scanner does: fast, with Enter at the end.  A busy machine may be slower than any scanner, so it is sent as events."""
    page.evaluate(
        """text => {
            const press = key => new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
            const pressed = [...text, "Enter"].map(press);  // all pressed before the page comes to the first
            for (const one of pressed) (document.activeElement ?? document.body).dispatchEvent(one);
        }""",
        text,
    )


def listen(page: Page, selector: str) -> None:
    """Keep all that a line says from now on, also what it says for half a second only; `said` has it."""
    page.evaluate(
        """selector => {
            const line = document.querySelector(selector);
            window.said = [];
            new MutationObserver(() => window.said.push(line.textContent))
                .observe(line, { childList: true, characterData: true, subtree: true });
        }""",
        selector,
    )


def said(page: Page) -> str:
    return "\n".join(page.evaluate("window.said"))


def broken_rules(page: Page) -> list[str]:
    """What axe finds on the page as it stands.  Axe comes once a page, and only its complaints travel back."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(Axe().axe_script)
    found: list[str] = page.evaluate(
        """() => axe.run({ resultTypes: ["violations"] }).then(
            found => found.violations.map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`))"""
    )
    return found


def look(page: Page, name: str) -> None:
    """The page fits at every size, in both themes, and readers get through.  With ERP_SHOTS its pictures are kept there."""
    folder = os.environ.get("ERP_SHOTS", "")
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.evaluate(
                "theme => document.dispatchEvent(new CustomEvent('cf:theme-set', {detail: theme}))", theme
            )
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), (name, size)
            if folder:
                page.screenshot(path=Path(folder, f"{name}-{size}-{theme}.png"))
            if size != "tablet":
                assert not (faults := broken_rules(page)), (name, size, theme, faults)
    page.evaluate("document.dispatchEvent(new CustomEvent('cf:theme-set', {detail: 'light'}))")
