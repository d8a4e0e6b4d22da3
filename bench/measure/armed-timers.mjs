/**
 * Counts the timers that are armed at the same time, by standing in for the global functions from when it is imported. Those of
 * Node itself, as of sockets and `timers/promises`, are not counted.
 */
const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
const armed = new Set();
let highest = 0;

function arm(timer) {
  armed.add(timer);
  highest = Math.max(highest, armed.size);
  return timer;
}

globalThis.setTimeout = (callback, ...rest) => {
  const fire = (...args) => {
    armed.delete(timer);
    callback(...args);
  };
  const timer = setTimeout(fire, ...rest);
  return arm(timer);
};
globalThis.setInterval = (...args) => arm(setInterval(...args));
globalThis.clearTimeout = timer => {
  armed.delete(timer);
  clearTimeout(timer);
};
globalThis.clearInterval = timer => {
  armed.delete(timer);
  clearInterval(timer);
};

export const armedTimers = {
  get now() {
    return armed.size;
  },
  /** The most since the last call of `forget`. */
  get highest() {
    return highest;
  },
  forget() {
    highest = armed.size;
  },
};
