"""The fault campaign: every protection against every single hardware fault, judged by the plant.

The real firmware runs in process on a simulated pack; a hazard is brought about physically, and
what really flows afterwards is the verdict. Nothing here may ask the firmware whether it is
safe.
"""
