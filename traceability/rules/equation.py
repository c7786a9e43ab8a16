"""The equation of a lot: everything that came is somewhere, or went somewhere we can name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LotEquation:
    """The units of one lot (or of several, added up) by where they came from and where they are.

    Law: received + made here + returned + found = on hand + in transit + shipped + used in other lots + sent
    back to the supplier + written off + lost. `on_hand` counts every bin, totes and packed parcels too;
    `shipped` counts every unit that left, also those that came back, which are counted again in `returned`.
    """

    received: int = 0
    made_here: int = 0
    returned: int = 0
    found: int = 0
    on_hand: int = 0
    in_transit: int = 0
    shipped: int = 0
    used_in_lots: int = 0
    sent_back: int = 0
    written_off: int = 0
    lost: int = 0

    @property
    def inflow(self) -> int:
        """Units that came."""
        return self.received + self.made_here + self.returned + self.found

    @property
    def outflow(self) -> int:
        """Units that are still here, or left in a way we can name."""
        here = self.on_hand + self.in_transit
        return here + self.shipped + self.used_in_lots + self.sent_back + self.written_off + self.lost

    @property
    def difference(self) -> int:
        """Units that came and are unaccounted for; negative: more is accounted for than ever came."""
        return self.inflow - self.outflow

    @property
    def closes(self) -> bool:
        return self.difference == 0
