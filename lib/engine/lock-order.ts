import type { LockLogger } from '../core/ports.js';
import { putLast } from '../core/put-last.js';
import { callStack } from '../platform/call-stack.js';

const MAX_EDGES = 1000;

/** One key was waited for while another was held. */
interface Edge {
  readonly from: string;
  readonly to: string;
  stack: string;
  /** Keys that were held as well, each time: two chains of calls under one key cannot meet. */
  gates: readonly string[];
  hasWarned: boolean;
}

/**
 * Warns, once for each pair of keys, where two keys are taken in both orders: two chains of calls that do so at the same
 * time wait for each other. For development: it keeps a stack for each of the last 1,000 orders.
 */
export class LockOrder {
  /** Least recently taken first. */
  private readonly edges = new Map<string, Edge>();

  constructor(private readonly logger: LockLogger) {}

  /** A chain of calls that holds `held` is about to wait for `keys`, which are taken in an order that is safe. */
  readonly note = (held: readonly string[], keys: readonly string[]): void => {
    for (const to of keys) {
      if (held.includes(to)) continue;
      for (const from of held) {
        const gates = held.filter(key => key !== from);
        this.warnOf(this.edge(from, to, gates), this.edges.get(edgeName(to, from)));
      }
    }
  };

  private edge(from: string, to: string, gates: readonly string[]): Edge {
    const name = edgeName(from, to);
    let edge = this.edges.get(name);
    if (edge === undefined) {
      edge = { from, to, gates, stack: callStack(this.note), hasWarned: false };
    } else {
      const common = edge.gates.filter(key => gates.includes(key));
      // The stack to show is that of the time which was not behind a gate.
      if (common.length < edge.gates.length)
        Object.assign(edge, { gates: common, stack: callStack(this.note) });
    }
    putLast(this.edges, name, edge, MAX_EDGES);
    return edge;
  }

  private warnOf(edge: Edge, opposite: Edge | undefined): void {
    if (opposite === undefined || edge.hasWarned || opposite.hasWarned) return;
    if (edge.gates.some(key => opposite.gates.includes(key))) return;
    edge.hasWarned = opposite.hasWarned = true;
    this.logger.warn(
      `Keys '${edge.to}' and '${edge.from}' are taken in both orders, so two chains of calls may wait for each other until one gives up. ` +
        `Take them together, by acquireAll(keys) or withLock(keys, fn), or always in one order.\n` +
        `Earlier, ${described(opposite)}\nNow, ${described(edge)}`,
    );
  }
}

/** Keys may hold any character. */
function edgeName(from: string, to: string): string {
  return `${from.length}:${from}${to}`;
}

function described({ from, to, stack }: Edge): string {
  return `'${from}', then '${to}':\n${stack}`;
}
