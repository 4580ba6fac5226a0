"""What runs on the controller: start-up, tasks, and drivers for chips and ports.

Only this package reads the clock and touches pins; the core in ``cellwarden`` does neither.
"""
