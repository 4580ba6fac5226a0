"""The firmware's version, as every port reports it."""

VERSION = "0.1.0"
PRODUCT = "Cellwarden"
VENDOR = "Cellwarden"
