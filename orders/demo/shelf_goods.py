"""Goods of the demo that wait on the shelf: what is used up, with lots near their end, and how everything is grouped and bought."""

from orders.demo.goods import Good, N, sku

CARE, KITCHEN, WATER = "清洁电器", "厨房电器", "净水和空气"
CONSUMED = "耗材"

# code prefix of a product -> (name, category, the SKUs that belong to it with their spec)
PRODUCTS = (
    ("P-K7", "无线吸尘器 K7 系列", CARE, {"QY-K7": "主机", "QY-K7-F": "滤网", "QY-K7-S": "支架"}),
    ("P-C2", "除螨仪 C2", CARE, {"QY-C2": "标准"}),
    ("P-P8", "破壁机 P8", KITCHEN, {"QY-P8": "1.75 L", "QY-CUP": "350 ml"}),
    ("P-A5", "空气炸锅 A5", KITCHEN, {"QY-A5": "5 L"}),
    ("P-D3", "电水壶 D3", KITCHEN, {"QY-D3": "白，1.7 L"}),
    ("P-Y1", "酸奶机 Y1", KITCHEN, {"QY-Y1": "1 L"}),
    ("P-M2", "加湿器 M2", WATER, {"QY-M2": "4 L"}),
    ("P-F6", "立式风扇 F6", WATER, {"QY-F6": "白"}),
    ("P-USE", "耗材", f"{CONSUMED}/食品", {"QY-YEAST": "10 包"}),
    ("P-RO3", "净水滤芯", f"{CONSUMED}/滤芯", {"QY-RO3": "RO-3"}),
)

SHELF = (
    Good(
        sku("QY-DESC", "除垢剂 6 包", 260, (150, 90, 40), N, "6970001000141", unit="盒", shelf_life_days=720),
        3900,
        0,
    ),
    Good(
        sku(
            "QY-BEAN", "咖啡豆 454 g", 480, (180, 90, 60), N, "6970001000158", unit="袋", shelf_life_days=365
        ),
        8800,
        0,
    ),
    Good(
        sku(
            "QY-SOY",
            "豆浆料包 30 包",
            950,
            (220, 160, 90),
            N,
            "6970001000165",
            unit="盒",
            shelf_life_days=270,
        ),
        4900,
        0,
    ),
    Good(sku("QY-PAPER", "空气炸锅纸 100 张", 210, (180, 180, 40), N, "6970001000172", unit="包"), 1900, 0),
)

SHELF_LOTS = (
    # SKU, lot, bin, units, days until it expires (None: never), days since it came
    ("QY-DESC", "D2411", "C-11-1", 36, -12, 700),
    ("QY-DESC", "D2412", "C-11-1", 60, 5, 690),
    ("QY-DESC", "D2501", "C-11-2", 120, 26, 660),
    ("QY-DESC", "D2609", "C-11-2", 800, 560, 40),
    ("QY-BEAN", "B2603", "C-11-3", 24, -3, 340),
    ("QY-BEAN", "B2605", "C-11-3", 240, 52, 300),
    ("QY-BEAN", "B2607", "C-11-4", 300, 82, 260),
    ("QY-BEAN", "B2608", "C-11-4", 900, 170, 190),
    ("QY-SOY", "S2604", "C-12-1", 75, 20, 240),
    ("QY-SOY", "S2606", "C-12-1", 150, 58, 200),
    ("QY-SOY", "S2609", "C-12-2", 600, 140, 100),
    ("QY-PAPER", "Z2509", "C-12-3", 420, None, 410),
    ("QY-PAPER", "Z2608", "C-12-3", 900, None, 75),
)

BUNDLES = (
    ("QY-SET-CLEAN", "K7 清洁套装", (("QY-K7", 1), ("QY-K7-F", 2), ("QY-K7-S", 1)), False),
    ("QY-SET-BREAK", "早餐套装：破壁机和豆浆料包", (("QY-P8", 1), ("QY-SOY", 2), ("QY-CUP", 1)), False),
    ("QY-SET-YOG", "酸奶机和菌粉", (("QY-Y1", 1), ("QY-YEAST", 2)), False),
)

SUPPLIERS = (
    # code, name, contact, phone, days from order to door
    ("HZDJ", "杭州电机厂", "钱经理", "0571-88001122", 12),
    ("NBSJ", "宁波塑胶制品", "孙工", "0574-87003344", 7),
    ("SHSP", "上海食品原料", "顾小姐", "021-63005566", 5),
)

PURCHASES = (
    # supplier, days until expected, is it open, note, (SKU, units ordered, units received)
    ("HZDJ", -4, True, "双十二备货", (("QY-K7", 2400, 1600), ("QY-M2", 1200, 1200), ("QY-C2", 800, 0))),
    ("NBSJ", 6, True, "", (("QY-CUP", 3000, 0), ("QY-PAPER", 2000, 0))),
    ("SHSP", -2, True, "冷链车送", (("QY-SOY", 900, 0), ("QY-BEAN", 600, 0))),
    ("SHSP", 2, True, "", (("QY-DESC", 500, 500),)),
    ("NBSJ", 15, False, "等报价", (("QY-K7-F", 10000, 0),)),
)

SAFETY = (
    # facility, SKU, least, filled up to
    ("HZ", "QY-K7", 2000, 6000),
    ("HZ", "QY-F6", 4500, 6000),
    ("HZ", "QY-DESC", 1500, 3000),
    ("HZ", "QY-SOY", 600, 1500),
    ("HZ", "QY-PAPER", 500, 2000),
    ("WY", "QY-P8", 40, 60),
    ("WY", "QY-D3", 30, 80),
    ("XX", "QY-A5", 50, 80),
    ("HL", "QY-M2", 20, 60),
)

MILK_LOTS = (
    # SKU, lot, bin, units, days until it expires, days since it came
    ("MT-F1-800", "F1OLD", "A-12-1", 180, 44, 620),
    ("MT-F2-800", "F2OLD", "A-12-1", 12, -6, 690),
    ("MT-RICE", "RICEOLD", "A-12-2", 240, 71, 430),
    ("MT-RICE", "RICEEND", "A-12-2", 30, 4, 510),
)
