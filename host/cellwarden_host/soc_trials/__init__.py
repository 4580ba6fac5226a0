"""How right the core's state of charge is, on cells that are not ours.

An electrochemical model (PyBaMM) is put through profiles, bad sensors report it, and the real
core and two yardsticks estimate its charge from that. ``trials`` says what is tried, ``making``
runs the models and keeps the traces, ``compare`` tells how everybody did. Only ``cells``,
``electrochem`` and ``fit`` need what requirements-models.txt installs; ``trials`` and
``profiles`` need its numpy.
"""
