"""Rows for tests, in plain functions.  Each works in the tenant scope that is open and returns the id of what it made.

Stock comes in through the receiving service, so its ledger is true; what a test wants to have in an odd state is written as it is.
"""

import io
import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from core import crypto, db
from core.accounts import Role
from core.api.authentication import SCOPES, make_key
from core.models import ApiKey, AuditEntry, IdempotentRequest, Job, StoredFile
from core.models.jobs import JobStatus
from core.services import accounts
from core.tenancy import current_tenant
from inventory.models import BinKind, FacilityKind, Hold, HoldKind, Lot
from inventory.services import catalogue
from inventory.services.catalogue import BinInput, SkuInput
from inventory.services.receiving import ReceiptInput, receive
from o2o.models import Dispatch, DispatchStatus, Offer, OfferStatus
from orders.models import (
    Channel,
    ChannelOrder,
    ChannelOrderVersion,
    Finding,
    ImportProblem,
    Mapping,
    Order,
    OrderLine,
    OrderStatus,
    Unmasking,
)
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver
from orders.services import imports, unmasking
from warehouse.models import Parcel, ParcelLine, ParcelStatus, Wave, WaveStatus

NEVER = date.max
PLACED_AT = datetime(2025, 6, 1, 2, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """A text nobody else in this run has."""
    return f"{prefix}{next(_numbers):05}"


# ── people and keys ──


def make_user(*, name: str = "王芳", password: str = PASSWORD) -> int:
    """A person (global); the account name is unique over all runs in this database."""
    return accounts.create_user(username=unique(f"u{db.new_id()}-"), name=name, password=password)


def make_member(role: Role = Role.OWNER, *, facility_ids: Sequence[int] = ()) -> int:
    """A new person who is a member of the tenant in scope; the user's id."""
    user_id = make_user()
    accounts.join(user_id=user_id, role=role, facility_ids=facility_ids)
    return user_id


def make_unmasking(order_id: int, user_id: int) -> int:
    """A person saw an order's receiver in clear, through the service; the row's id."""
    unmasking.unmask(viewer=unmasking.Viewer(user_id=user_id), order_ids=[order_id], reason="DELIVERY")
    return int(Unmasking.objects.order_by("-at").values_list("id", flat=True)[0])


def make_token(*scopes: str, name: str = "测试") -> str:
    """A key's whole token; with all scopes when none is named."""
    return make_key(name=name, scopes=scopes or SCOPES)


def make_api_key() -> int:
    return int(make_token().split("_")[2])


# ── places and goods ──


def make_facility(
    *,
    code: str | None = None,
    name: str = "上海仓",
    kind: FacilityKind = FacilityKind.WAREHOUSE,
    point_e6: tuple[int, int] | None = None,
    capacity: int = 20,
) -> int:
    return catalogue.create_facility(
        code=code or unique("F"), name=name, kind=kind, point_e6=point_e6, capacity=capacity
    )


def make_store(*, lat_e6: int = 31_230_000, lng_e6: int = 121_470_000, code: str | None = None) -> int:
    return make_facility(code=code, name="徐汇店", kind=FacilityKind.STORE, point_e6=(lat_e6, lng_e6))


def make_bins(facility_id: int, count: int, kind: BinKind = BinKind.PICK) -> list[int]:
    bins = [BinInput(unique(f"{kind.name[0]}-"), kind, sequence) for sequence in range(count)]
    return catalogue.create_bins(facility_id, bins)


def make_bin(facility_id: int, kind: BinKind = BinKind.PICK, *, code: str | None = None) -> int:
    return catalogue.create_bins(facility_id, [BinInput(code or unique(f"{kind.name[0]}-"), kind)])[0]


def make_sku(
    *,
    code: str | None = None,
    name: str = "滤芯",
    weight_g: int | None = 500,
    size_mm: tuple[int, int, int] | None = (100, 100, 100),
    parcel_rule: int = 1,
    barcodes: Iterable[str] = (),
) -> int:
    code = code or unique("SKU-")
    sku = SkuInput(
        code, name, weight_g=weight_g, size_mm=size_mm, parcel_rule=parcel_rule, barcodes=tuple(barcodes)
    )
    return catalogue.save_skus([sku])[code]


def make_lot(
    sku_id: int,
    *,
    code: str | None = None,
    expires_on: date | None = None,
    produced_on: date | None = None,
    received_on: date = date(2025, 5, 1),
) -> int:
    lot_id = db.new_id()
    row = (lot_id, sku_id, code or unique("L"), produced_on, expires_on, received_on)
    db.insert(Lot, ["id", "sku", "code", "produced_on", "expires_on", "received_on"], [row])
    return lot_id


def make_stock(
    bin_id: int,
    sku_id: int,
    units: int,
    *,
    lot: str | None = None,
    expires_on: date | None = None,
    reference: str | None = None,
) -> int:
    """Units of one lot come into a bin, through a receipt; the lot's id."""
    ((facility_id,),) = db.rows(
        "SELECT facility_id FROM inventory_bin WHERE tenant_id = %s AND id = %s", current_tenant(), bin_id
    )
    lot = lot or unique("L")
    receive(
        facility_id=facility_id,
        reference=reference or unique("R"),
        lines=[ReceiptInput(sku_id, lot, bin_id, units, expires_on)],
    )
    ((lot_id,),) = db.rows(
        "SELECT id FROM inventory_lot WHERE tenant_id = %s AND sku_id = %s AND code = %s",
        current_tenant(),
        sku_id,
        lot,
    )
    return int(lot_id)


def balance_of(bin_id: int, lot_id: int) -> int:
    """The id of the balance there."""
    ((balance_id,),) = db.rows(
        "SELECT id FROM inventory_balance WHERE tenant_id = %s AND bin_id = %s AND lot_id = %s",
        current_tenant(),
        bin_id,
        lot_id,
    )
    return int(balance_id)


def make_hold(lot_id: int, sku_id: int, *, kind: HoldKind = HoldKind.HELD) -> int:
    """An open hold, without what the holds service does about promises."""
    hold_id = db.new_id()
    row = (hold_id, kind.value, lot_id, sku_id, unique("D"), "抽检不合格")
    db.insert(Hold, ["id", "kind", "lot", "sku", "document", "reason"], [row])
    return hold_id


# ── orders ──


def make_channel(
    facility_id: int,
    *,
    code: str | None = None,
    name: str = "旗舰店",
    is_o2o: bool = False,
    needs_address: bool = True,
    handover: int = 0,
    currency: str = "CNY",
    ship_within_h: int = 48,
    min_days: int = 0,
) -> int:
    channel_id = db.new_id()
    names = [
        "id", "code", "name", "platform", "facility", "is_o2o", "needs_address", "handover", "currency",
        "ship_within_h", "min_days",
    ]  # fmt: skip
    row = (
        channel_id, code or unique("C"), name, "file", facility_id, is_o2o, needs_address, handover, currency,
        ship_within_h, min_days,
    )  # fmt: skip
    db.insert(Channel, names, [row])
    return channel_id


def receiver(*, name: str = "李雷", phone: str = "13800002046", district: str = "徐汇区") -> Receiver:
    return Receiver(name, phone, "上海市", "上海市", district, "漕溪北路 88 号 3 楼")


def incoming(
    *lines: tuple[str, int],
    number: str | None = None,
    price_minor: int = 1_000,
    placed_at: datetime | None = None,
    to: Receiver | None = None,
    remark: str = "",
) -> IncomingOrder:
    """A channel order of (code, quantity) lines whose amounts agree; by default to a receiver nobody else has."""
    number = number or unique("T")
    return IncomingOrder(
        external_number=number,
        placed_at=placed_at or datetime.now(UTC).replace(microsecond=0),
        amount_minor=sum(quantity for _code, quantity in lines) * price_minor,
        lines=tuple(IncomingLine(code, quantity, price_minor) for code, quantity in lines),
        raw=json.dumps({"number": number, "lines": lines}, ensure_ascii=False),
        receiver=to or receiver(phone=f"139{next(_numbers):08}"),
        remark=remark,
    )


def make_order(
    channel_id: int,
    facility_id: int,
    *,
    number: str | None = None,
    status: OrderStatus = OrderStatus.STOPPED,
    ship_by: datetime | None = None,
    amount_minor: int = 1_000,
) -> int:
    """The bare row of an order, without lines."""
    order_id = db.new_id()
    names = [
        "id", "number", "channel", "facility", "status", "currency", "amount_minor", "min_expires_on", "ship_by",
        "placed_at", "shipped_at",
    ]  # fmt: skip
    shipped_at = PLACED_AT if status == OrderStatus.SHIPPED else None
    row = (
        order_id, number or unique("T"), channel_id, facility_id, int(status), "CNY", amount_minor,
        date(2025, 6, 3), ship_by or PLACED_AT + timedelta(days=2), PLACED_AT, shipped_at,
    )  # fmt: skip
    db.insert(Order, names, [row])
    return order_id


def make_order_line(
    order_id: int, sku_id: int | None, quantity: int = 1, *, code: str = "", price_minor: int = 1_000
) -> int:
    line_id = db.new_id()
    names = ["id", "order", "sku", "external_code", "quantity", "unit_price_minor"]
    db.insert(OrderLine, names, [(line_id, order_id, sku_id, code, quantity, price_minor)])
    return line_id


def make_finding(order_id: int, *, code: str = "STOCK_SHORT", stops: bool = True) -> int:
    finding_id = db.new_id()
    db.insert(
        Finding, ["id", "order", "code", "stops", "detail"], [(finding_id, order_id, code, stops, "{}")]
    )
    return finding_id


def make_channel_order(channel_id: int, order_id: int | None, *, number: str | None = None) -> int:
    channel_order_id = db.new_id()
    names = ["id", "channel", "external_number", "order", "content_hash", "raw"]
    raw = crypto.seal(current_tenant(), "raw", "{}")
    db.insert(ChannelOrder, names, [(channel_order_id, channel_id, number or unique("T"), order_id, 1, raw)])
    return channel_order_id


def make_channel_order_version(channel_order_id: int, *, version: int = 1) -> int:
    version_id = db.new_id()
    row = (version_id, channel_order_id, version, 1, crypto.seal(current_tenant(), "raw", "{}"), PLACED_AT)
    names = ["id", "channel_order", "version", "content_hash", "raw", "received_at"]
    db.insert(ChannelOrderVersion, names, [row])
    return version_id


def make_file() -> int:
    file_id = db.new_id()
    row = (file_id, "orders.csv", unique("files/"), 10, "0" * 64)
    db.insert(StoredFile, ["id", "name", "path", "size", "sha256"], [row])
    return file_id


def make_import(channel_id: int) -> int:
    """A small order file of its own, handed in and not run yet."""
    row = f"{unique('T')},2026-06-01 08:30:00,NOPE,1,9.90"
    text = f"订单号,下单时间,商家编码,数量,单价\n{row}\n".encode()
    return imports.upload(
        tenant_id=current_tenant(),
        channel_id=channel_id,
        file=io.BytesIO(text),
        name="orders.csv",
        actor_id=None,
    )


def make_import_problem(import_id: int, *, row_number: int = 2) -> int:
    problem_id = db.new_id()
    row = (problem_id, import_id, row_number, "数量", "0", "QUANTITY")
    db.insert(ImportProblem, ["id", "import_doc", "row_number", "column", "value", "code"], [row])
    return problem_id


def make_mapping() -> int:
    mapping_id = db.new_id()
    db.insert(Mapping, ["id", "name", "signature"], [(mapping_id, unique("表头"), "0" * 64)])
    return mapping_id


# ── the floor ──


def make_parcel(
    facility_id: int,
    order_id: int,
    *,
    status: ParcelStatus = ParcelStatus.PLANNED,
    wave_id: int | None = None,
    slot: int | None = None,
    units: int = 1,
) -> int:
    """The bare row of a parcel, without lines and promises; `units` is what its lines will add up to."""
    parcel_id = db.new_id()
    shipped_at = PLACED_AT if status == ParcelStatus.SHIPPED else None
    names = [
        "id",
        "facility",
        "ref",
        "status",
        "wave",
        "slot",
        "units",
        "min_expires_on",
        "ship_by",
        "shipped_at",
    ]
    row = (
        parcel_id, facility_id, order_id, int(status), wave_id, slot, units, date(2025, 6, 3),
        PLACED_AT + timedelta(days=2), shipped_at,
    )  # fmt: skip
    db.insert(Parcel, names, [row])
    return parcel_id


def make_parcel_line(parcel_id: int, sku_id: int, order_line_id: int, quantity: int = 1) -> int:
    line_id = db.new_id()
    row = (line_id, parcel_id, sku_id, order_line_id, quantity)
    db.insert(ParcelLine, ["id", "parcel", "sku", "ref", "quantity"], [row])
    return line_id


def make_wave(facility_id: int, *, status: WaveStatus = WaveStatus.RELEASED) -> int:
    wave_id, tote_id = db.new_id(), make_bin(facility_id, BinKind.TOTE)
    names = ["id", "facility", "code", "status", "tote", "parcel_count"]
    db.insert(Wave, names, [(wave_id, facility_id, unique("W"), int(status), tote_id, 0)])
    return wave_id


# ── dispatches, jobs, the rest ──


def make_dispatch(
    order_id: int,
    facility_id: int,
    *,
    status: DispatchStatus = DispatchStatus.OFFERING,
    winner_id: int | None = None,
) -> int:
    dispatch_id = db.new_id()
    is_open = status == DispatchStatus.OFFERING
    names = [
        "id", "order_ref", "order_number", "facility", "status", "round", "deadline", "winner", "lat_e6", "lng_e6",
        "rules", "ended_at",
    ]  # fmt: skip
    row = (
        dispatch_id, order_id, unique("T"), facility_id, status.value, 1,
        datetime.now(UTC) + timedelta(hours=1) if is_open else None, winner_id, 31_230_000, 121_470_000, "{}",
        None if is_open else datetime.now(UTC),
    )  # fmt: skip
    db.insert(Dispatch, names, [row])
    return dispatch_id


def make_offer(dispatch_id: int, store_id: int, *, status: OfferStatus = OfferStatus.OPEN) -> int:
    offer_id = db.new_id()
    names = ["id", "dispatch", "facility", "round", "distance_m", "status"]
    db.insert(Offer, names, [(offer_id, dispatch_id, store_id, 1, 900, status.value)])
    return offer_id


def make_job(*, kind: str = "orders.import", status: JobStatus = JobStatus.DONE) -> int:
    job_id = db.new_id()
    ended = datetime.now(UTC) if status not in (JobStatus.QUEUED, JobStatus.RUNNING) else None
    row = (job_id, kind, "导入 orders.csv", status.value, ended)
    db.insert(Job, ["id", "kind", "title", "status", "finished_at"], [row])
    return job_id


def make_audit_entry() -> int:
    entry_id = db.new_id()
    row = (entry_id, "hold", "lot", None)
    db.insert(AuditEntry, ["id", "action", "object_kind", "object_id"], [row])
    return entry_id


def make_idempotent_request(api_key_id: int) -> int:
    request_id = db.new_id()
    row = (request_id, api_key_id, unique("key-"), "0" * 64, 200, "{}")
    db.insert(IdempotentRequest, ["id", "api_key", "key", "request_hash", "status", "response"], [row])
    return request_id


def revoke(api_key_id: int) -> None:
    """The key opens nothing from now on."""
    ApiKey.objects.filter(id=api_key_id).update(revoked_at=datetime.now(UTC))
