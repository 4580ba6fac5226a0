"""``cellwarden bench``: the numbers by which the product is judged, each beside its target.

Measures and prints; asserts nothing, because a time depends on the machine. One module a
topic, each with ``TOPIC`` and ``rows()``. docs/numbers.md tells how each figure comes about.
"""
