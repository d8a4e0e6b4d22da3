import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { sleep } from '../support/fixtures.js';
import { claimsOf } from './claims.js';
import { HeldWatch } from './held-watch.js';
import { Journal, monotonicMs, readJournal, type WorkerEntry } from './journal.js';
import { overlapsOf } from './overlaps.js';

describe('the watch over leases', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chaos-spec-'));
  const path = join(dir, 'journal.jsonl');
  const managers: SyncManager[] = [];
  afterEach(async () => {
    await Promise.all(managers.splice(0).map(manager => manager.close()));
    rmSync(dir, { recursive: true, force: true });
  });

  it('sees two holders of one key, if a library lets them be, and each until its end', async () => {
    const journal = new Journal<WorkerEntry>(path);
    const leases = [];
    // Two stores that do not know each other: the most broken of libraries
    for (const worker of ['0.1', '1.1']) {
      const manager = new SyncManager({ store: memoryStore(), ttl: 300, renewEvery: false });
      managers.push(manager);
      const watch = new HeldWatch(worker, journal, false);
      const lease = await manager.acquire('k');
      watch.begin(lease);
      leases.push({ lease, watch });
    }
    const acquiredAt = monotonicMs();
    await sleep(50);
    leases[0]!.watch.releasing(leases[0]!.lease);
    await leases[0]!.lease.release();
    await sleep(400);
    journal.close();

    const entries = readJournal<WorkerEntry>(path);
    const claims = claimsOf(entries);
    const [overlap] = overlapsOf(claims, 'to', []);
    expect(overlap!.to - overlap!.from).toBeGreaterThan(30);
    expect(overlap!.to - acquiredAt).toBeLessThan(200);
    const other = claims.find(claim => claim.lease.startsWith('1.1'))!;
    expect(other.promisedTo - acquiredAt).toBeGreaterThan(150);
    expect(other.promisedTo - acquiredAt).toBeLessThan(300);
    expect(entries.filter(entry => entry.kind === 'lost')).toMatchObject([
      { lease: '1.1#1', cause: 'expired' },
    ]);
  });
});
