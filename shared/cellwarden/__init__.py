"""The core of Cellwarden: protects and balances one pack. Readings in, commands out, no I/O."""
