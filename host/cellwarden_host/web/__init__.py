"""The PC software: pages in the browser over one board on a serial port."""
