import { DeleteItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { dynamoDbStore } from '../../lib/stores/dynamodb/index.js';
import { bundle } from '../support/bundle.mjs';
import { sdkClient } from '../support/dynalite-server.js';
import { freePort, silent, sleep } from '../support/fixtures.js';
import { HttpProxy } from '../support/http-proxy.js';
import { runWorker, type WorkerProcess } from '../support/worker-process.js';
import type { ChaosStore, FaultyLink } from './chaos-store.js';
import { CREDENTIALS, TABLE } from './worker-settings.js';

/** A dynalite that keeps its rows under `path`, with a table for leases. */
export async function startDynamoDbChaosStore(keys: readonly string[], path: string): Promise<ChaosStore> {
  const program = bundle('test/chaos/dynalite-process.ts');
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const defects: string[] = [];
  let isEnding = false;
  const launch = async (): Promise<WorkerProcess> => {
    isEnding = false;
    const launched = runWorker(program, { PORT: `${port}`, DATA: path });
    void launched.exited.then(code => {
      if (!isEnding) defects.push(`dynalite ended (${code}):\n${launched.lines.slice(-20).join('\n')}`);
    });
    await launched.line('listening');
    return launched;
  };
  let server = await launch();
  await makeTable(endpoint);
  return {
    name: 'DynamoDB (dynalite)',
    // It would be a wipe
    without: ['store-restart-empty'],
    guardMs: 0,
    defects,
    openLink: async () => new DynamoDbLink(await HttpProxy.start(endpoint)),
    pause: async () => server.kill('SIGSTOP'),
    resume: async () => server.kill('SIGCONT'),
    async restart({ downMs }) {
      isEnding = true;
      await server.stop();
      await sleep(downMs);
      server = await launch();
      // To a client without a proxy, so that a silence is dynalite's and not the library's
      const isAnswering = await answers(endpoint, keys[0]!, 5000);
      if (!isAnswering) defects.push('dynalite did not answer within 5 s of a restart');
    },
    async wipe() {
      // One of its own: connections that a restart has cut would fail
      const client = sdkClient(endpoint);
      const rows = keys.map(key => new DeleteItemCommand({ TableName: TABLE, Key: { key: { S: key } } }));
      await Promise.all(rows.map(row => client.send(row)));
      client.destroy();
    },
    async stop() {
      isEnding = true;
      await server.stop();
    },
  };
}

/** Whether rows can be read within the time. */
async function answers(endpoint: string, key: string, timeoutMs: number): Promise<boolean> {
  const client = sdkClient(endpoint);
  const row = new GetItemCommand({ TableName: TABLE, Key: { key: { S: key } }, ConsistentRead: true });
  try {
    await client.send(row, { abortSignal: AbortSignal.timeout(timeoutMs) });
    return true;
  } catch {
    return false;
  } finally {
    client.destroy();
  }
}

async function makeTable(endpoint: string): Promise<void> {
  const where = { table: TABLE, endpoint, region: 'local', credentials: CREDENTIALS };
  const store = dynamoDbStore({ ...where, ensureTable: true, logger: silent });
  await store.open?.();
  await store.close?.();
}

class DynamoDbLink implements FaultyLink {
  readonly settings;
  private drops = 0;

  constructor(readonly proxy: HttpProxy) {
    this.settings = { type: 'dynamodb', endpoint: proxy.endpoint } as const;
  }

  dropReply(): void {
    const then = this.drops++ % 2 === 0 ? 'reset' : 'hang';
    this.proxy.inject({ kind: 'drop-reply', then }, { operation: 'UpdateItem' });
  }

  /** Requests and replies in turn; later ones overtake, as they may over HTTP. */
  delay(ms: number): void {
    let requests = 0;
    const isOdd = (): boolean => requests++ % 2 === 0;
    this.proxy.inject({ kind: 'delay-request', ms }, { times: Infinity, when: isOdd });
    this.proxy.inject({ kind: 'delay-reply', ms }, { times: Infinity });
  }

  endDelay(): void {
    this.proxy.clearFaults();
  }
}
