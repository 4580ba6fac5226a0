"""The bridge between a page's Web Bluetooth and a GATT central: both ways, pairing, every end.

A page of a few lines stands for the app, and a central without a radio for the phone's.
"""

import pytest
from playwright.sync_api import expect, sync_playwright

from cellwarden_host.phone.emulated import SERVICE, EmulatedBluetooth
from cellwarden_host.sim.radio_central import CentralError
from cellwarden_host.web.seen import free_port, launch_chromium

REQUEST, REPLY = (SERVICE.replace("0001", number, 1) for number in ("0002", "0003"))
WRITE, NOTIFY = 4 | 8, 16
PASSKEY = 123456
PAGE = """<!doctype html><button>go</button><pre></pre><script>
const out = document.querySelector("pre");
const say = (text) => { out.textContent += text + "\\n"; };
let device, request;
document.querySelector("button").onclick = async () => { try {
  device = await navigator.bluetooth.requestDevice({filters: [{services: ["SERVICE"]}]});
  device.ongattserverdisconnected = () => say("gone");
  const service = await (await device.gatt.connect()).getPrimaryService("SERVICE");
  request = await service.getCharacteristic("REQUEST");
  const reply = await service.getCharacteristic("REPLY");
  reply.addEventListener("characteristicvaluechanged", (event) =>
    say(new TextDecoder().decode(event.target.value)));
  await reply.startNotifications();
  say(`open ${device.name}`);
} catch (error) { say(error.name); } };
const write = (text) => request.writeValueWithResponse(new TextEncoder().encode(text))
  .catch((error) => say(error.name));
</script>"""


class FakeCentral:
    """Repeats three times what is written, once paired; ``log`` is what it was asked."""

    def __init__(self, log, bonded):
        self.log = log
        self.bonded = bonded
        self.connected = False
        self.secured = False
        self.heard = {}

    def connect(self, wanted):
        self.log.append("connect " + wanted)
        self.connected = True

    def pair(self, passkey):
        self.log.append(f"pair {passkey}")
        if passkey != PASSKEY:
            raise CentralError("wrong passkey", 4)
        self.bonded.add("keys")
        self.secured = True

    def encrypt(self):
        self.log.append("encrypt")
        self.secured = bool(self.bonded)

    def services(self):
        return {"180a": {"2a29": 2}, SERVICE: {REQUEST: WRITE, REPLY: NOTIFY}}

    def read(self, uuid):
        return b""

    def write(self, uuid, data, response=True):
        if not self.connected:
            raise CentralError("gone")
        if not self.secured:
            raise CentralError("refused", 5)
        self.log.append(data)
        for number in b"123":
            self.heard[REPLY](data + bytes((number,)))

    def subscribe(self, uuid, heard=None):
        self.heard[uuid] = heard

    def vanish(self):
        self.connected = False

    def close(self):
        self.connected = False


@pytest.fixture
def radio():
    """The bridge, a page on it, and what its central was asked."""
    port = free_port()
    log, bonded = [], set()
    with sync_playwright() as playwright:
        browser = launch_chromium(
            playwright, f"--remote-debugging-port={port}", "--enable-features=WebBluetooth"
        )
        made = EmulatedBluetooth(port, "Board", lambda: FakeCentral(log, bonded), PASSKEY)
        page = browser.new_page()
        text = PAGE.replace("SERVICE", SERVICE).replace("REQUEST", REQUEST).replace("REPLY", REPLY)
        page.route("**", lambda route: route.fulfill(content_type="text/html", body=text))
        made.join(page)
        page.goto("http://localhost/")
        try:
            yield made, page, log
        finally:
            made.close()
            browser.close()


def test_a_page_talks_through_the_bridge_however_links_end(radio):
    radio, page, log = radio
    said = page.locator("pre")

    def says(text):
        expect(said).to_have_text(text)
        page.evaluate("out.textContent = ''")

    def connects():
        page.get_by_role("button").click()
        says("open Board")
        log.clear()

    radio.passkey = PASSKEY + 1
    connects()
    page.evaluate("write('a')")
    says("NotSupportedError")
    radio.passkey = PASSKEY
    page.evaluate("write('a')")
    says("a1 a2 a3")
    assert log == [f"pair {PASSKEY + 1}", f"pair {PASSKEY}", b"a"]

    # Out of range: the page is told, and comes back with the keys of before.
    radio.lose()
    says("gone")
    page.evaluate("write('b')")
    says("NetworkError")
    connects()
    page.evaluate("write('c'.repeat(200))")
    says(" ".join("c" * 200 + number for number in "123"))
    assert log == ["encrypt", b"c" * 200]

    # The link breaks while the page writes: refused, and told.
    radio.breaks_at = b"d".__eq__
    page.evaluate("write('d')")
    says("NotSupportedError gone")
    assert log[2:] == []

    # The page gives the link up; or is loaded anew in the middle of one.
    connects()
    page.evaluate("device.gatt.disconnect()")
    says("gone")
    connects()
    page.reload()
    connects()
    page.evaluate("write('e')")
    says("e1 e2 e3")

    # Nobody chooses a board.
    radio.chooses = False
    page.get_by_role("button").click()
    says("NotFoundError")
