"""The one way in which a script gives up."""


class Problem(Exception):
    """Something the user can understand and mend; printed as a plain sentence, without a traceback."""
