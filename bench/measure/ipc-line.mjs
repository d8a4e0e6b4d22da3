/** Named messages between a task and whoever started it. Those that nobody waits for yet are kept. */
export class IpcLine {
  #kept = new Map();
  #waiting = new Map();

  /** @param {NodeJS.Process | import('node:child_process').ChildProcess} peer */
  constructor(peer) {
    this.peer = peer;
    peer.on('message', ({ name, value }) => this.#arrived(name, value));
  }

  /** @returns {Promise<void>} when the message is on its way */
  say(name, value) {
    return new Promise(resolve => this.peer.send({ name, value }, () => resolve()));
  }

  /** @returns {Promise<any>} the value of the next message of that name */
  heard(name) {
    const kept = this.#kept.get(name);
    if (kept?.length > 0) return Promise.resolve(kept.shift());
    return new Promise(resolve => this.#queue(this.#waiting, name).push(resolve));
  }

  #arrived(name, value) {
    const waiting = this.#waiting.get(name);
    if (waiting?.length > 0) waiting.shift()(value);
    else this.#queue(this.#kept, name).push(value);
  }

  #queue(map, name) {
    if (!map.has(name)) map.set(name, []);
    return map.get(name);
  }
}
