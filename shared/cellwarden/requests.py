"""What the core asks the firmware to carry out outside the tick; the firmware clears a flag
once it is done. Nothing here may act by itself."""


class Requests:
    """One flag a request."""

    def __init__(self):
        self.restart = False
        self.factory_reset = False
        self.self_test = False
        self.save_settings = False
        self.save_state = False
        self.save_state_now = False  # something latched: before anything else
        self.update = 0  # bytes of the image that a live update is to bring
        self.update_id = 0
        self.update_older = False
        self.menu = False  # of the bootloader, after the restart
