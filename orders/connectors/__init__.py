"""Clients of the platforms' own protocols: no table, no setting, no tenant.  `interface.py` is the contract, `registry.py` the list."""
