"""Merging (合单): which orders may travel as one, because one proof says that all of them go to the same person.

A proof is one of three, and it is one for the whole group:
  RECEIVER  equal keys of full, unmasked receivers; the only one that holds across platforms;
  VERDICT   one answer of the platform about (order, token) pairs (Taobao, JD: OAID; Douyin: unequal ids);
  TOKEN     equal ids that the platform gives to equal receivers (Douyin: open_address_id).
A mask, a buyer's account and two proofs in a chain prove nothing. No answer: not merged.

Laws: groups share no order; each pair in a group has the group's proof and may travel together; the order in which
orders, verdicts and answers are listed changes nothing; grouping what was grouped, all of it or one group, gives the
same again; an order that shares no proof with others, or not their class, changes nothing for them.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from operator import attrgetter
from typing import NamedTuple

__all__ = [
    "MergeCandidate",
    "MergeGroup",
    "MergeRules",
    "Pair",
    "Proof",
    "ProofKind",
    "Question",
    "Recheck",
    "TokenKind",
    "Verdict",
    "group",
    "questions",
    "recheck",
    "why_apart",
]

GONE = "GONE"
NO_PROOF = "NO_PROOF"
SEALED = "SEALED"
HAS_FINDING = "HAS_FINDING"
OTHER_FACILITY = "OTHER_FACILITY"
OTHER_CHANNEL_GROUP = "OTHER_CHANNEL_GROUP"
OTHER_PROMISE = "OTHER_PROMISE"
OTHER_CURRENCY = "OTHER_CURRENCY"
OTHER_COD = "OTHER_COD"
OUT_OF_WINDOW = "OUT_OF_WINDOW"
TOO_BIG = "TOO_BIG"


class TokenKind(IntEnum):
    """What the platform's token of a hidden receiver can say."""

    NONE = 0
    BOUND = 1
    """Bound to its order (OAID): it proves nothing alone, it can be asked about."""
    ADDRESS = 2
    """Equal ones are one receiver; of unequal ones the platform can be asked."""


class ProofKind(IntEnum):
    """In the order in which they are tried. A verdict knows more than a token: it may bring unequal ones together."""

    RECEIVER = 1
    VERDICT = 2
    TOKEN = 3


class Pair(NamedTuple):
    """An order as a platform was asked about it. With another token or address version, the answer is about another
    address and counts no more.
    """

    order_id: int
    token: str
    address_version: int = 0


@dataclass(frozen=True, slots=True)
class MergeCandidate:
    """A paid, unshipped order. `receiver_key`: of the full receiver; whatever it holds proves nothing where `is_masked`.

    `channel_group` "": only with orders of its own channel. `promise` is equal where orders may leave together: handover,
    ship class, carrier insisted on. `hint`: what cannot differ for one receiver (its mask, its district); it spares
    questions and proves nothing. `weight_g` None is unknown.
    """

    id: int
    channel_id: int
    platform: str
    facility_id: int
    placed_at: datetime
    receiver_key: int | None
    is_masked: bool
    currency: str
    channel_group: str = ""
    promise: Hashable = None
    is_cod: bool = False
    token: str = ""
    token_kind: TokenKind = TokenKind.NONE
    address_version: int = 0
    is_sealed: bool = False
    has_finding: bool = False
    amount_minor: int = 0
    weight_g: int | None = None
    hint: str = ""

    @property
    def pair(self) -> Pair:
        return Pair(self.id, self.token, self.address_version)


@dataclass(frozen=True, slots=True)
class MergeRules:
    """A tenant's rules. All orders of a group were placed within `window_min` minutes; None: no limit. An unknown weight
    is merged only where weight has no limit. `most_pairs`: that a platform takes in one question.
    """

    window_min: int | None = None
    most_orders: int = 10
    most_weight_g: int | None = None
    most_amount_minor: int | None = None
    most_pairs: int = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer of one platform. `number` rises with time. `asked` has every pair of the question, `groups` those of
    them that go to one receiver, by order id. An order in two groups of one answer is in none: that answer is no proof.
    """

    number: int
    platform: str
    asked: tuple[Pair, ...]
    groups: tuple[tuple[int, ...], ...]


class Proof(NamedTuple):
    """`value`: the receiver's key, (number of the verdict, order ids of its group), or (platform, token)."""

    kind: ProofKind
    value: Hashable


@dataclass(frozen=True, slots=True)
class MergeGroup:
    """Two orders or more that travel as one, the earliest placed first: it heads the group."""

    order_ids: tuple[int, ...]
    proof: Proof


@dataclass(frozen=True, slots=True)
class Question:
    """Pairs to ask the platform about, with the credentials of this channel."""

    channel_id: int
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Recheck:
    """Who of a merged group may go on together by `proof`, and who leaves, with why. Fewer than two cannot stay."""

    stays: tuple[int, ...]
    leaves: tuple[tuple[int, tuple[str, ...]], ...]
    proof: Proof | None

    @property
    def holds(self) -> bool:
        return not self.leaves


_placed = attrgetter("placed_at", "id")
_Answers = Mapping[Pair, tuple[str, int, tuple[int, ...]]]
"""Pair -> platform, number of its newest verdict, order ids of its group there (empty: alone)."""


def group(
    orders: Sequence[MergeCandidate], rules: MergeRules | None, verdicts: Iterable[Verdict] = ()
) -> tuple[MergeGroup, ...]:
    """The groups among all orders that wait, old and new, each of two or more; who is in none travels alone.

    Whom one kind of proof brings together is taken before the next kind is tried. Within one proof and class each order, the
    earliest first, joins the first group whose window and limits it keeps, else it opens one. No rules: no groups, at once.
    Groups are in the order of their heads.
    """
    if rules is None or len(orders) < 2:
        return ()
    found: list[tuple[MergeCandidate, MergeGroup]] = []
    taken: set[int] = set()
    answers = _newest(verdicts)
    for prove in _proofs(answers):
        for proof, bucket in _buckets(orders, prove, taken):
            bucket.sort(key=_placed)
            for members in _within(bucket, rules):
                if len(members) > 1:
                    ids = tuple([order.id for order in members])
                    taken.update(ids)
                    found.append((members[0], MergeGroup(ids, proof)))
    found.sort(key=lambda pair: _placed(pair[0]))
    return tuple([merged for _head, merged in found])


def questions(
    orders: Sequence[MergeCandidate], rules: MergeRules | None, verdicts: Iterable[Verdict] = ()
) -> tuple[Question, ...]:
    """What to ask the platforms before `group` can decide about orders whose receivers are hidden.

    Asked about are orders of one channel and class with equal hints, two or more, that are not settled: by one token, or by one
    answer about all of them as they are now. Bounds: every order is in at most one question, a question has at most
    `most_pairs` pairs; of a larger set neighbours in time are asked together, and the others stay apart for want of an answer.
    """
    if rules is None or len(orders) < 2:
        return ()
    sets: defaultdict[tuple[Hashable, ...], list[MergeCandidate]] = defaultdict(list)
    for order in orders:
        if order.token_kind and order.token and not order.is_sealed and not order.has_finding:
            sets[(order.channel_id, order.platform, order.hint, *_class_of(order))].append(order)
    answers = _newest(verdicts)
    asked: defaultdict[int, list[list[Pair]]] = defaultdict(list)
    most = max(2, rules.most_pairs)
    for found in sorted(
        (sorted(one, key=_placed) for one in sets.values() if len(one) > 1), key=lambda one: _placed(one[0])
    ):
        for together in _near(found, rules.window_min):
            for start in range(0, len(together), most):
                part = together[start : start + most]
                if not _is_settled(part, answers):
                    _pack(asked[part[0].channel_id], [order.pair for order in part], most)
    return tuple(
        [Question(channel_id, tuple(pairs)) for channel_id in sorted(asked) for pairs in asked[channel_id]]
    )


def recheck(merged: MergeGroup, now: Sequence[MergeCandidate], verdicts: Iterable[Verdict] = ()) -> Recheck:
    """A merged group again, after an address changed, a refund was asked or a finding was opened: `now` has its members as they
    are, without those that are gone. Who is sealed has to be intercepted first; it leaves here all the same.

    The most members that one proof still brings together stay; of equally many those by the group's own proof, by the
    stronger proof, with the earliest head. Window and limits are not asked again: what is on its way stays together.
    """
    answered = tuple(verdicts)
    answers = _newest(answered)
    best: list[MergeCandidate] = []
    proof: Proof | None = None
    best_rank: tuple[object, ...] = ()
    for prove in _proofs(answers):
        for found, bucket in _buckets(now, prove, ()):
            bucket.sort(key=_placed)
            rank = -len(bucket), found != merged.proof, found.kind, _placed(bucket[0])
            if proof is None or rank < best_rank:
                best, proof, best_rank = bucket, found, rank
    stays = tuple([order.id for order in best])
    present = {order.id: order for order in now}
    leaves: list[tuple[int, tuple[str, ...]]] = []
    for id_ in merged.order_ids:
        if id_ in stays:
            continue
        order = present.get(id_)
        others = best or [one for one in now if one.id != id_]
        why = why_apart(order, others[0], verdicts=answered) if order and others else ()
        leaves.append((id_, why or (NO_PROOF if order else GONE,)))
    return Recheck(stays, tuple(leaves), proof)


def why_apart(
    one: MergeCandidate,
    other: MergeCandidate,
    rules: MergeRules | None = None,
    verdicts: Iterable[Verdict] = (),
) -> tuple[str, ...]:
    """Everything that keeps two orders from travelling as one; nothing: they may. For screens and for merging by hand."""
    answers = _newest(verdicts)
    found = [code for code, differs in _DIFFERENCES if differs(one, other)]
    if not any((proof := prove(one)) is not None and proof == prove(other) for prove in _proofs(answers)):
        found.insert(0, NO_PROOF)
    if rules is not None:
        first, last = sorted((one, other), key=_placed)
        window_min = rules.window_min
        if window_min is not None and last.placed_at - first.placed_at > timedelta(minutes=window_min):
            found.append(OUT_OF_WINDOW)
        elif len(_within([first, last], rules)) != 1:
            found.append(TOO_BIG)
    return tuple(found)


_DIFFERENCES: tuple[tuple[str, Callable[[MergeCandidate, MergeCandidate], bool]], ...] = (
    (SEALED, lambda a, b: a.is_sealed or b.is_sealed),
    (HAS_FINDING, lambda a, b: a.has_finding or b.has_finding),
    (OTHER_FACILITY, lambda a, b: a.facility_id != b.facility_id),
    (
        OTHER_CHANNEL_GROUP,
        lambda a, b: (a.channel_group or a.channel_id) != (b.channel_group or b.channel_id),
    ),
    (OTHER_PROMISE, lambda a, b: a.promise != b.promise),
    (OTHER_CURRENCY, lambda a, b: a.currency != b.currency),
    (OTHER_COD, lambda a, b: a.is_cod != b.is_cod),
)


def _class_of(order: MergeCandidate) -> tuple[Hashable, ...]:
    """Equal for orders that may travel together, whoever gets them."""
    channels = order.channel_group or order.channel_id
    return order.facility_id, channels, order.promise, order.currency, order.is_cod


def _by_receiver(order: MergeCandidate) -> Proof | None:
    key = order.receiver_key
    return None if key is None or order.is_masked else Proof(ProofKind.RECEIVER, key)


def _by_token(order: MergeCandidate) -> Proof | None:
    if order.token_kind is not TokenKind.ADDRESS or not order.token:
        return None
    return Proof(ProofKind.TOKEN, (order.platform, order.token))


def _by_verdict(answers: _Answers) -> Callable[[MergeCandidate], Proof | None]:
    def prove(order: MergeCandidate) -> Proof | None:
        answer = answers.get(order.pair)
        if answer is None or answer[0] != order.platform or not answer[2]:
            return None
        return Proof(ProofKind.VERDICT, (answer[1], answer[2]))

    return prove


def _proofs(answers: _Answers) -> tuple[Callable[[MergeCandidate], Proof | None], ...]:
    return (_by_receiver, _by_verdict(answers), _by_token) if answers else (_by_receiver, _by_token)


def _buckets(
    orders: Iterable[MergeCandidate],
    prove: Callable[[MergeCandidate], Proof | None],
    taken: Iterable[int],
) -> list[tuple[Proof, list[MergeCandidate]]]:
    """Orders by proof and class, where there is more than one."""
    found: dict[Proof, list[MergeCandidate]] = {}
    for order in orders:
        proof = prove(order)
        if proof is not None and order.id not in taken and not order.is_sealed and not order.has_finding:
            found.setdefault(proof, []).append(order)
    buckets: list[tuple[Proof, list[MergeCandidate]]] = []
    for proof, same in found.items():
        if len(same) > 1:
            classes: defaultdict[tuple[Hashable, ...], list[MergeCandidate]] = defaultdict(list)
            for order in same:
                classes[_class_of(order)].append(order)
            buckets += [(proof, one) for one in classes.values() if len(one) > 1]
    return buckets


class _Travelling:
    """A group being filled."""

    __slots__ = ("amount_minor", "members", "weight_g")

    def __init__(self, head: MergeCandidate) -> None:
        self.members = [head]
        self.weight_g = head.weight_g or 0
        self.amount_minor = head.amount_minor


def _within(bucket: Iterable[MergeCandidate], rules: MergeRules) -> list[list[MergeCandidate]]:
    """Orders by time, each with the first others whose window and limits it keeps."""
    window = None if rules.window_min is None else timedelta(minutes=rules.window_min)
    most_g, most_minor = rules.most_weight_g, rules.most_amount_minor
    groups: list[_Travelling] = []
    open_: list[_Travelling] = []
    for order in bucket:
        if most_g is not None and order.weight_g is None:
            continue  # it could be too heavy: it travels alone
        if window is not None:
            open_ = [one for one in open_ if order.placed_at - one.members[0].placed_at <= window]
        weight_g, amount_minor = order.weight_g or 0, order.amount_minor
        for one in open_:
            if (most_g is None or one.weight_g + weight_g <= most_g) and (
                most_minor is None or one.amount_minor + amount_minor <= most_minor
            ):
                one.members.append(order)
                one.weight_g += weight_g
                one.amount_minor += amount_minor
                if len(one.members) >= rules.most_orders:
                    open_.remove(one)
                break
        else:
            groups.append(_Travelling(order))
            if rules.most_orders > 1:
                open_.append(groups[-1])
    return [one.members for one in groups]


def _near(bucket: Sequence[MergeCandidate], window_min: int | None) -> Iterable[list[MergeCandidate]]:
    if window_min is None:
        yield list(bucket)
        return
    window = timedelta(minutes=window_min)
    members: list[MergeCandidate] = []
    for order in bucket:
        if members and order.placed_at - members[0].placed_at > window:
            yield members
            members = []
        members.append(order)
    yield members


def _newest(verdicts: Iterable[Verdict]) -> _Answers:
    """The newest answer about each pair. An order that an answer names twice is alone in it."""
    answers: dict[Pair, tuple[str, int, tuple[int, ...]]] = {}
    for verdict in sorted(verdicts, key=attrgetter("number", "platform", "asked")):
        groups: dict[int, tuple[int, ...]] = {}
        for ids in verdict.groups:
            for id_ in set(ids):
                groups[id_] = () if id_ in groups else tuple(sorted(set(ids)))
        for pair in verdict.asked:
            answers[pair] = verdict.platform, verdict.number, groups.get(pair.order_id, ())
    return answers


def _is_settled(orders: Sequence[MergeCandidate], answers: _Answers) -> bool:
    if len(orders) < 2 or all(order.receiver_key is not None and not order.is_masked for order in orders):
        return True
    if orders[0].token_kind is TokenKind.ADDRESS and len({(o.token_kind, o.token) for o in orders}) == 1:
        return True
    found = [answers.get(order.pair) for order in orders]
    return None not in found and len({answer[1] for answer in found if answer}) == 1


def _pack(asked: list[list[Pair]], pairs: list[Pair], most: int) -> None:
    """Small sets share a question: the platform answers about all of them at once."""
    if asked and len(asked[-1]) + len(pairs) <= most:
        asked[-1] += pairs
    else:
        asked.append(pairs)
