"""The schema: the one place where a setting, reading, rule, switch or command is named.

Human-readable rows for the host: documentation, CLI, PC software, tests and the packer read
them. The controller never loads this package; it loads ``schema_data.py`` and ``ids.py``,
which ``cellwarden schema`` packs from here. An address, once published, keeps its meaning:
rows are added, never moved.
"""

SCHEMA_VERSION = 1
