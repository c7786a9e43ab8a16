"""A scripted operator at the desk, in a real browser: every action is counted, and what needs a buyer or goods is only noted down.

An action is what a hand does: a click, a key that acts, a text typed into one field.  Looking, scrolling and waiting are none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, expect

from orders.demo.day import ASKED_OF_BUYER, MEANT, WHERE
from orders.rules.addresses import fold_region

WAITS: Mapping[str, str] = {
    "BUYER_REMARK": "等买家回话",
    "ADDRESS_MISSING": "没有街道，问买家",
    "ADDRESS_UNKNOWN": "没写省市区，问买家",
    "STOCK_SHORT": "等到货",
}
"""Queues that a person cannot empty, with what is noted on all of their orders together."""

SCRIPTS_MS, SCRIPTS_TRIES = 50, 300


@dataclass
class Operator:
    """The hands.  `did`: every action in its order."""

    page: Page
    url: str
    did: list[str] = field(default_factory=list)

    def click(self, what: Locator, name: str) -> None:
        what.click()
        self.did.append(f"click {name}")

    def press(self, key: str, name: str) -> None:
        self.page.keyboard.press(key)
        self.did.append(f"key {key}: {name}")

    def write(self, where: Locator, text: str) -> None:
        where.fill(text)
        self.did.append(f"type {text}")

    def ready(self) -> None:
        """A key pressed before the scripts have run is lost."""
        self.page.wait_for_load_state()
        for _try in range(SCRIPTS_TRIES):
            if self.page.evaluate("Boolean(window.cf && window.Alpine)"):
                return
            self.page.wait_for_timeout(SCRIPTS_MS)
        raise AssertionError(f"scripts never ran on {self.page.url}")

    def sign_in(self, name: str, password: str) -> None:
        """Not counted: it is done once in the morning."""
        self.page.goto(f"{self.url}/signin/?next=/orders/")
        self.page.get_by_label("账号").fill(name)
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录").click()
        expect(self.page.locator("#queues")).to_be_visible()
        self.ready()

    def clear_the_desk(self) -> None:
        """All that stands still: what a person knows is said once, what nobody here can know is noted."""
        self.click(self.page.locator("[popovertarget=desk-menu]"), "更多")
        self.click(self.page.locator("#desk-menu").get_by_role("link", name="一起处理"), "一起处理")
        self.ready()
        self._codes()
        self._addresses()
        self._remarks()
        self.click(self.page.locator(".cf-head .cf-crumb"), "订单")
        expect(self.page.locator("#queues")).to_be_visible()
        for queue, words in WAITS.items():
            self._note(queue, words)

    def _tab(self, name: str) -> None:
        self.click(self.page.locator(".st-tabs").get_by_role("link", name=name), name)
        self.ready()

    def _codes(self) -> None:
        while (row := self.page.locator("tbody tr").first).count():
            code = row.locator("td").first.inner_text()
            button = row.get_by_role("button", name=f"（{MEANT[code]}）")
            before = self.page.locator("tbody tr").count()
            self.click(button, f"{code} = {MEANT[code]}")
            expect(self.page.locator("tbody tr")).to_have_count(before - 1)

    def _addresses(self) -> None:
        self._tab("地址认不出")
        for written, code in WHERE.items():
            form = self.page.locator(f'form:has(input[name=key][value="{fold_region(*written)}"])')
            button = form.filter(has=self.page.locator(f'input[name=code][value="{code}"]')).get_by_role(
                "button"
            )
            if button.count():
                self.click(button, f"{' '.join(written)} = {code}")
                expect(form).to_have_count(0)

    def _remarks(self) -> None:
        self._tab("留言")
        rows = self.page.locator("tbody tr")
        if not rows.count():
            return
        for_buyer = [rows.filter(has_text=words) for words in ASKED_OF_BUYER]
        left = [row for row in for_buyer if row.count()]
        if len(left) == rows.count():
            return
        self.click(self.page.locator("[data-all]"), "全选")
        for row in left:
            self.click(row.locator(".cf-ck"), "不选要问买家的")
        self.press("r", "照办，放行")
        expect(rows).to_have_count(len(left), timeout=60_000)

    def _note(self, queue: str, words: str) -> None:
        link = self.page.locator(f"#q-{queue}")
        if not link.count() or link.inner_text().strip().endswith("\n0"):
            return
        self.click(link, queue)
        self.page.wait_for_url(f"**queue={queue}*")
        self.ready()
        if not self.page.locator("#list tbody tr").count():
            return
        self.click(self.page.locator("[data-all]"), "全选")
        everybody = self.page.get_by_role("button", name="选全部")
        if everybody.is_visible():
            self.click(everybody, "选全部")
        self.press("n", "备注")
        dialog = self.page.locator("#mark-note")
        expect(dialog).to_be_visible()
        self.write(dialog.locator("#mark-text"), words)
        self.click(dialog.locator("[data-yes]"), "存")
        expect(self.page.locator("#toasts")).to_contain_text("记在了")
