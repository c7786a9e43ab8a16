"""What is wrong with a pattern of bins, in the user's words."""

from django.utils.translation import gettext as _

from inventory.rules.bin_pattern import LONGEST, MOST, BadPattern, PatternProblem


def pattern_words(problem: BadPattern) -> str:
    """One sentence that says what to mend."""
    words = {
        PatternProblem.EMPTY: _("要填编号规则，比如 A-{01..12}-{1..4}。"),
        PatternProblem.BRACES: _("大括号不成对。范围写成 {01..12}。"),
        PatternProblem.RANGE: _("看不懂“%(part)s”。范围写成 {01..12} 或 {A..F}。"),
        PatternProblem.BACKWARDS: _("“%(part)s”要从小到大写。"),
        PatternProblem.TOO_MANY: _("一次最多 %(most)d 个，这里有 %(part)s 个，分几次建。"),
        PatternProblem.TOO_LONG: _("编号最长 %(longest)d 个字，这里有 %(part)s 个。"),
        PatternProblem.SPACE: _("编号里不能有空格和看不见的字符。"),
    }
    return words[problem.problem] % {"part": problem.part, "most": MOST, "longest": LONGEST}
