// The radio: one board over Web Bluetooth, as a stream of bytes both ways and a summary.
//
// `write(bytes)` sends a request, `onBytes` hands over what the board answers, `onSummary` what it
// tells by itself, `onLost` that the link is gone (with true when that was wanted). It knows
// nothing of what the bytes mean. A test may put another object with the same members in its place
// (window.cellwardenTransport).

const uuid = (number) => `8e2d${number}-5f0b-4c8e-9d3a-63656c6c7764`;
export const SERVICE = uuid("0001");
export const REQUEST = uuid("0002");
export const REPLY = uuid("0003");
export const SUMMARY = uuid("0004");

const LARGE = 244; // what fits the largest link in one packet
const SMALL = 20; // what fits every link
const WRITE_MS = 6000; // a link that takes nothing for so long is none
const KNOWN = "cellwarden.board";

/** @typedef {"unsupported"|"insecure"|"off"|"none"|"pairing"|"service"|"lost"} Why */

export class Trouble extends Error {
  /** @param {Why} why */
  constructor(why) {
    super(why);
    this.why = why;
  }
}

export class WebBluetooth {
  constructor() {
    /** @type {(bytes: Uint8Array) => void} */
    this.onBytes = () => {};
    /** @type {(bytes: Uint8Array) => void} */
    this.onSummary = () => {};
    /** @type {(wanted: boolean) => void} */
    this.onLost = () => {};
    this._device = null;
    this._request = null;
    this._chunk = LARGE;
    this._queue = Promise.resolve();
    this._attempt = 0;
    this._up = false;
    this._gone = (event) => this._lost(event.target);
  }

  /** Why this browser cannot reach a board at all; "" when it can. @returns {Why|""} */
  unable() {
    if (!window.isSecureContext) return "insecure";
    return navigator.bluetooth ? "" : "unsupported";
  }

  /** The name of the board of last time, or "". */
  knownName() {
    if (this._device) return this._device.name ?? "";
    try {
      return JSON.parse(localStorage.getItem(KNOWN) ?? "{}").name ?? "";
    } catch {
      return "";
    }
  }

  /** Let a person choose a board and connect to it. @returns {Promise<string>} its name */
  async find() {
    if (this.unable()) throw new Trouble(this.unable());
    let device;
    try {
      device = await navigator.bluetooth.requestDevice({
        filters: [{ services: [SERVICE] }, { namePrefix: "Cellwarden" }],
        optionalServices: [SERVICE],
      });
    } catch (error) {
      if (error.name === "NotFoundError") {
        const there = await navigator.bluetooth.getAvailability?.() ?? true;
        throw new Trouble(there ? "none" : "off");
      }
      throw new Trouble("off");
    }
    return this._connect(device);
  }

  /** Connect to the board of last time, without asking where the browser allows that. */
  async again() {
    const device = this._device ?? (await this._known());
    return device ? this._connect(device) : this.find();
  }

  async _known() {
    const wanted = JSON.parse(localStorage.getItem(KNOWN) ?? "{}");
    const devices = (await navigator.bluetooth?.getDevices?.()) ?? [];
    return devices.find((device) => device.id === wanted.id) ?? null;
  }

  async _connect(device) {
    const attempt = ++this._attempt;
    if (this._device && this._device !== device) this._forget(this._device);
    this._device = device;
    device.removeEventListener("gattserverdisconnected", this._gone);
    device.addEventListener("gattserverdisconnected", this._gone);
    try {
      await this._opened(device);
    } catch (error) {
      device.gatt.disconnect();
      throw error instanceof Trouble ? error : new Trouble(reason(error));
    }
    if (attempt !== this._attempt) throw new Trouble("lost");
    this._up = true;
    const name = device.name ?? "Cellwarden";
    localStorage.setItem(KNOWN, JSON.stringify({ id: device.id, name }));
    return name;
  }

  async _opened(device) {
    const server = await device.gatt.connect();
    let service;
    let reply;
    try {
      service = await server.getPrimaryService(SERVICE);
      this._request = await service.getCharacteristic(REQUEST);
      reply = await service.getCharacteristic(REPLY);
    } catch (error) {
      throw error.name === "NotFoundError" ? new Trouble("service") : error;
    }
    this._chunk = LARGE;
    this._queue = Promise.resolve();
    // The board answers nobody who has not paired: this is where the phone asks for its digits.
    await this._subscribe(await service.getCharacteristic(SUMMARY), (bytes) => this.onSummary(bytes));
    await this._subscribe(reply, (bytes) => this.onBytes(bytes));
  }

  async _subscribe(characteristic, take) {
    characteristic.addEventListener("characteristicvaluechanged", (event) => {
      const view = event.target.value;
      take(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice());
    });
    await characteristic.startNotifications();
  }

  /** Send all of `bytes`; one writing at a time. @param {Uint8Array} bytes */
  write(bytes) {
    const sent = this._queue.then(() => this._send(bytes));
    this._queue = sent.catch(() => {});
    return sent;
  }

  async _send(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.slice(at, at + this._chunk);
      try {
        await this._within(WRITE_MS, this._request.writeValueWithResponse(piece));
        at += piece.length;
      } catch (error) {
        // Nothing of a refused write was taken: say it in smaller pieces, once.
        if (at > 0 || this._chunk === SMALL || piece.length <= SMALL || !this._device?.gatt.connected) throw error;
        this._chunk = SMALL;
      }
    }
  }

  /** What `promised` comes to; when it takes too long, the link is given up. */
  async _within(ms, promised) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => {
        reject(new Trouble("lost"));
        this.giveUp();
      }, ms);
    });
    try {
      return await Promise.race([promised, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Give the link up because it cannot be trusted; told of as any other loss. */
  giveUp() {
    this._device?.gatt.disconnect();
  }

  /** Give the link up because a person wants that. */
  disconnect() {
    this._attempt += 1;
    const device = this._device;
    this._device = null;
    if (device) this._forget(device);
    this._up = false;
    this.onLost(true);
  }

  _forget(device) {
    device.removeEventListener("gattserverdisconnected", this._gone);
    if (device.gatt.connected) device.gatt.disconnect();
  }

  _lost(device) {
    if (device !== this._device || !this._up) return;
    this._up = false;
    this.onLost(false);
  }
}

/** What a browser's error means to a person. @returns {Why} */
function reason(error) {
  const text = `${error.name} ${error.message}`.toLowerCase();
  if (/auth|pair|encrypt|security|permit|not authorized/.test(text)) return "pairing";
  return "lost";
}
