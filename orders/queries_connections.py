"""Reads of connections and of what is said back.  Each costs a constant number of statements."""

from collections.abc import Sequence

from django.db.models import QuerySet

from orders.connectors.registry import PLATFORMS
from orders.models import Channel, Connection, PullProblem, ShipBack, ShipBackState

MOST_PROBLEMS = 50
COUNT_MOST = 10_000


def list_connectable() -> list[tuple[Channel, Connection | None]]:
    """Channels that can be connected, by name, with their connection."""
    channels = list(
        Channel.objects.filter(platform__in=list(PLATFORMS), is_active=True).order_by("name", "id")
    )
    found = {row.channel_id: row for row in Connection.objects.defer("credentials", "cursor")}
    return [(channel, found.get(channel.id)) for channel in channels]


def find_connection(channel_id: int) -> Connection | None:
    """Without what is sealed."""
    return Connection.objects.defer("credentials", "cursor").filter(channel_id=channel_id).first()


def list_problems(connection_id: int) -> list[PullProblem]:
    """Orders that could not be read, the newest first."""
    found = PullProblem.objects.defer("raw").filter(connection_id=connection_id, cleared_at__isnull=True)
    return list(found.order_by("-seen_at", "-id")[:MOST_PROBLEMS])


def list_ship_backs(facility_ids: Sequence[int] | None) -> QuerySet[ShipBack]:
    """What is said back of orders of these facilities (None: all)."""
    found = ShipBack.objects.select_related("channel", "channel_order").defer("channel_order__raw")
    return found if facility_ids is None else found.filter(channel_order__order__facility_id__in=facility_ids)


def count_not_said(facility_ids: Sequence[int] | None) -> dict[int, int]:
    """By state, those that the platform does not have, up to COUNT_MOST each."""
    states = (ShipBackState.WAITING, ShipBackState.REFUSED, ShipBackState.UNSAID)
    found = list_ship_backs(facility_ids).select_related(None).defer(None)
    return {int(state): found.filter(state=state).values("id")[:COUNT_MOST].count() for state in states}
