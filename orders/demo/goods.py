"""What the invented merchants sell, and who works for them."""

from dataclasses import dataclass

from core.accounts import Role
from inventory.services.catalogue import SkuInput
from orders.rules.values import ParcelRule

PASSWORD = "catfish-demo-2026"  # noqa: S105  of invented people, printed by script/up


@dataclass(frozen=True, slots=True)
class Good:
    """A SKU with its price in minor units, opening units, and whether its lots expire."""

    sku: SkuInput
    price_minor: int
    units: int
    expires: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Shop:
    """A store: its point in micro-degrees."""

    code: str
    name: str
    point_e6: tuple[int, int]


def sku(
    code: str,
    name: str,
    grams: int,
    size: tuple[int, int, int],
    rule: ParcelRule,
    barcode: str,
    **more: object,
) -> SkuInput:
    return SkuInput(code, name, grams, size, int(rule), barcodes=(barcode,), **more)  # type: ignore[arg-type]


N, B, A, R = ParcelRule.NORMAL, ParcelRule.BULKY, ParcelRule.ALONE, ParcelRule.RIDES_ALONG

APPLIANCES = (
    Good(sku("QY-K7", "无线吸尘器 K7", 6800, (720, 260, 240), B, "6970001000011", unit="台"), 139900, 9000),
    Good(sku("QY-K7-F", "滤网 K7-F", 180, (120, 120, 40), N, "6970001000028", unit="片"), 5900, 30000),
    Good(sku("QY-K7-S", "充电支架 K7-S", 2100, (400, 180, 90), R, "6970001000035", unit="个"), 19900, 6000),
    Good(sku("QY-P8", "破壁机 P8", 4600, (420, 240, 230), B, "6970001000042", unit="台"), 89900, 5000),
    Good(sku("QY-CUP", "随行杯", 320, (90, 90, 220), N, "6970001000059", unit="个"), 8900, 12000),
    Good(sku("QY-A5", "空气炸锅 A5", 5200, (340, 340, 330), B, "6970001000066", unit="台"), 39900, 8000),
    Good(sku("QY-D3", "电水壶 D3 白", 1300, (240, 180, 250), N, "6970001000073", unit="个"), 14900, 12000),
    Good(sku("QY-M2", "加湿器 M2", 2400, (280, 280, 320), N, "6970001000080", unit="台"), 23900, 9000),
    Good(sku("QY-F6", "立式风扇 F6", 7400, (1100, 380, 180), A, "6970001000097", unit="台"), 27900, 4000),
    Good(sku("QY-Y1", "酸奶机 Y1", 1600, (240, 160, 160), N, "6970001000103", unit="台"), 12900, 7000),
    Good(
        sku(
            "QY-YEAST",
            "酸奶菌粉 10 包",
            40,
            (100, 60, 20),
            R,
            "6970001000110",
            unit="盒",
            shelf_life_days=540,
        ),
        1900,
        20000,
        expires=True,
    ),
    Good(
        sku(
            "QY-RO3", "净水滤芯 RO-3", 900, (320, 90, 90), N, "6970001000127", unit="支", shelf_life_days=1080
        ),
        29900,
        9000,
        expires=True,
    ),
    Good(sku("QY-C2", "除螨仪 C2", 1900, (300, 240, 160), N, "6970001000134", unit="台"), 32900, 6000),
)

MILK = (
    Good(
        sku(
            "MT-F1-800",
            "婴儿配方奶粉 1 段 800 g 罐装",
            1050,
            (130, 130, 160),
            N,
            "6970002000017",
            unit="罐",
            shelf_life_days=730,
        ),
        26800,
        8000,
        expires=True,
    ),
    Good(
        sku(
            "MT-F2-800",
            "婴儿配方奶粉 2 段 800 g 罐装",
            1050,
            (130, 130, 160),
            N,
            "6970002000024",
            unit="罐",
            shelf_life_days=730,
        ),
        25800,
        9000,
        expires=True,
    ),
    Good(
        sku(
            "MT-F3-800",
            "幼儿配方奶粉 3 段 800 g 罐装",
            1050,
            (130, 130, 160),
            N,
            "6970002000031",
            unit="罐",
            shelf_life_days=730,
        ),
        23800,
        9000,
        expires=True,
    ),
    Good(
        sku(
            "MT-RICE",
            "婴儿米粉 225 g",
            280,
            (110, 60, 180),
            N,
            "6970002000048",
            unit="盒",
            shelf_life_days=540,
        ),
        4500,
        6000,
        expires=True,
    ),
)

PEOPLE = (
    Person("owner", "周岚", Role.OWNER),
    Person("operator", "陈一鸣", Role.OPERATOR),
    Person("warehouse", "老赵", Role.WAREHOUSE),
    Person("store", "小林", Role.STORE),
    Person("quality", "许静", Role.QUALITY),
    Person("finance", "钱会计", Role.FINANCE),
    Person("viewer", "审计", Role.READONLY),
)

STORES = (
    Shop("WY", "文一店", (30_268_500, 120_128_500)),
    Shop("XX", "西溪店", (30_270_000, 120_122_000)),
    Shop("HL", "黄龙店", (30_250_000, 120_135_000)),
    Shop("WL", "武林店", (30_270_000, 120_176_500)),
    Shop("BJ", "滨江店", (30_208_600, 120_211_000)),
)

NAMES = (
    "王敏",
    "李想",
    "张子轩",
    "刘洋",
    "陈思",
    "杨帆",
    "赵磊",
    "黄蕾",
    "周杰",
    "吴婷",
    "徐静",
    "孙国",
    "马超",
    "朱丽",
    "胡涛",
    "郭芳",
    "何琳",
    "林芳",
    "高兰",
    "罗勇",
)
# Addresses are placed by the middle of their district: these lie one to three kilometres from a store.
CITY = (
    ("浙江省", "杭州市", "西湖区", "文三路 {n} 号"),
    ("浙江省", "杭州市", "西湖区", "天目山路 {n} 号"),
    ("浙江省", "杭州市", "上城区", "庆春路 {n} 号"),
)
PLACES = (
    ("浙江省", "杭州市", "西湖区", "文三路 {n} 号"),
    ("浙江省", "杭州市", "余杭区", "文一西路 {n} 号"),
    ("浙江省", "宁波市", "鄞州区", "中河街道天童路 {n} 号"),
    ("江苏省", "苏州市", "姑苏区", "人民路 {n} 号"),
    ("上海市", "上海市", "浦东新区", "张杨路 {n} 弄"),
    ("广东省", "佛山市", "顺德区", "大良街道 {n} 号"),
    ("四川省", "成都市", "武侯区", "科华北路 {n} 号"),
    ("福建省", "厦门市", "思明区", "湖滨南路 {n} 号"),
    ("湖北省", "武汉市", "洪山区", "珞喻路 {n} 号"),
    ("河北省", "保定市", "竞秀区", "朝阳大街 {n} 号"),
)
REMARKS = ("请不要放快递柜，谢谢", "周三以后送，工作日没人", "发顺丰", "送人的，别放价格单")
