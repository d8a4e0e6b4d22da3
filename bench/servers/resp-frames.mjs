const AGGREGATES = '*~>%|';
const BLOBS = '$=!';

/** Cuts a stream of RESP 2 or 3 into whole frames. */
export class RespFrames {
  #pending = Buffer.alloc(0);

  /**
   * @param {Buffer} chunk
   * @returns {Buffer[]} the frames that `chunk` has completed
   */
  push(chunk) {
    const buffer = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames = [];
    let start = 0;
    for (let end = frameEnd(buffer, start); end !== undefined; end = frameEnd(buffer, start)) {
      frames.push(buffer.subarray(start, end));
      start = end;
    }
    this.#pending = buffer.subarray(start);
    return frames;
  }
}

/** @returns {number | undefined} where the frame that begins at `start` ends; `undefined` while it is not complete */
function frameEnd(buffer, start) {
  const lineEnd = buffer.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const type = String.fromCharCode(buffer[start]);
  const count = Number(buffer.toString('latin1', start + 1, lineEnd));
  if (BLOBS.includes(type)) {
    const end = lineEnd + 2 + (count < 0 ? 0 : count + 2);
    return end <= buffer.length ? end : undefined;
  }
  let end = lineEnd + 2;
  if (!AGGREGATES.includes(type)) return end;
  const children = type === '%' || type === '|' ? count * 2 : count;
  for (let i = 0; i < children && end !== undefined; i++) end = frameEnd(buffer, end);
  return end;
}
