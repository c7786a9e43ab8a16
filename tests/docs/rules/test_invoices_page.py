"""The worked tables of docs/rules/invoices.md."""

from orders.rules.invoices import after_refund, left_minor, problem_of, read_wish
from tests.docs.rules.test_pages import table

ARGUMENTS = {"title": "title", "tax": "tax_number", "mail": "email", "kind": "kind"}


def test_what_is_read() -> None:
    rows = table("invoices.md", "asks with", "becomes")
    assert len(rows) > 6
    for row in rows:
        said = dict(part.split(" ", 1) for part in row["asks with"].split(", "))
        wish = read_wish(**{"title": "", **{ARGUMENTS[name]: value for name, value in said.items()}})
        if wish is None:
            assert row["becomes"] == "nothing", row
            continue
        kind = "company" if wish.is_company else "person"
        problem = problem_of(wish)
        assert row["becomes"] == (f"{kind}, {problem.value}" if problem else kind), row


def test_what_a_refund_does() -> None:
    rows = table("invoices.md", "paid", "asked", "state")
    assert len(rows) > 7
    for row in rows:
        left = left_minor(int(row["paid"]), int(row["refunds"] or 0))
        effect, amount = after_refund(int(row["asked"]), left, is_issued=row["state"] == "issued")
        assert (effect.value, amount) == (row["becomes"], int(row["amount"])), row
