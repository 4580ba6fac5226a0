"""Bench bring-up at the REPL: what a technician types, and what `cellwarden bringup` sends.

Loaded by ``import bench`` after the application has stopped, never by the application itself.
Nothing in here switches an output by itself: the core decides, with all its protections.
"""
