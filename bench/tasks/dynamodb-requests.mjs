import { openTable } from '../dynamodb/open-table.mjs';

/** @returns requests of each kind, and the capacity units that they consume, per cycle */
export default async function dynamodbRequests({ contender, endpoint, countedCycles }) {
  const { client, cycle } = await openTable(contender, endpoint);
  const key = 'bench-counted';
  await cycle(key); // the row exists from then on
  const counts = countRequests(client);
  for (let i = 0; i < countedCycles; i++) await cycle(key);
  const perCycle = value => value / countedCycles;
  return {
    kinds: Object.fromEntries([...counts.kinds].map(([kind, number]) => [kind, perCycle(number)])),
    readUnits: perCycle(counts.readUnits),
    writeUnits: perCycle(counts.writeUnits),
  };
}

/** Counts what the SDK sends from now on, and has DynamoDB say what each request consumes. */
function countRequests(client) {
  const counts = { kinds: new Map(), readUnits: 0, writeUnits: 0 };
  const count = (next, context) => async args => {
    const kind = context.commandName.replace(/Command$/, '');
    counts.kinds.set(kind, (counts.kinds.get(kind) ?? 0) + 1);
    const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } });
    const isRead = ['GetItem', 'Query', 'Scan', 'BatchGetItem'].includes(kind);
    counts[isRead ? 'readUnits' : 'writeUnits'] += result.output.ConsumedCapacity.CapacityUnits;
    return result;
  };
  client.middlewareStack.add(count, { step: 'initialize', name: 'countRequests' });
  return counts;
}
