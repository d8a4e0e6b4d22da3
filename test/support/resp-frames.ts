/** Cuts a stream of RESP 2 or 3 into whole frames. */
export class RespFrames {
  private pending: Buffer = Buffer.alloc(0);

  /** @returns the frames that `chunk` has completed */
  push(chunk: Buffer): Buffer[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const frames: Buffer[] = [];
    for (;;) {
      const end = frameEnd(this.pending, 0);
      if (end === undefined) return frames;
      frames.push(this.pending.subarray(0, end));
      this.pending = this.pending.subarray(end);
    }
  }
}

/** The words of a command frame. */
export function commandWords(frame: Buffer): string[] {
  const words: string[] = [];
  let at = frame.indexOf('\r\n') + 2;
  while (at < frame.length) {
    const lineEnd = frame.indexOf('\r\n', at);
    const length = Number(frame.toString('latin1', at + 1, lineEnd));
    words.push(frame.toString('utf8', lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
  return words;
}

/** Whether the frame is a push message, which answers no command. */
export function isPush(frame: Buffer): boolean {
  return frame[0] === 0x3e;
}

function frameEnd(buffer: Buffer, start: number): number | undefined {
  const lineEnd = buffer.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const type = String.fromCharCode(buffer[start]!);
  const afterLine = lineEnd + 2;
  const count = Number(buffer.toString('latin1', start + 1, lineEnd));
  if ('$=!'.includes(type)) {
    const end = count < 0 ? afterLine : afterLine + count + 2;
    return end <= buffer.length ? end : undefined;
  }
  if (!'*~>%|'.includes(type)) return afterLine;
  let at: number | undefined = afterLine;
  const children = type === '%' || type === '|' ? count * 2 : count;
  for (let i = 0; i < children && at !== undefined; i++) at = frameEnd(buffer, at);
  return at;
}
