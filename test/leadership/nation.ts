import {
  LeadershipCampaign,
  type LeadershipEvents,
  type LeadershipCampaignOptions,
} from '../../lib/leadership/leadership-campaign.js';
import type { LeadershipHooks } from '../../lib/leadership/leadership-campaign.js';
import { afterEach } from '@jest/globals';
import { useWorld, type Replica, type ReplicaOptions, type World } from '../engine/world.js';

/** A replica that campaigns, and what its hooks did, in order. */
export interface Candidate extends Replica {
  readonly leadership: LeadershipCampaign;
  readonly diary: string[];
  readonly errors: unknown[];
}

export interface CandidateOptions extends ReplicaOptions {
  leadership?: Partial<LeadershipCampaignOptions>;
  hooks?: Partial<LeadershipHooks>;
  listeners?: Partial<LeadershipEvents>;
}

const candidates: LeadershipCampaign[] = [];

/** As {@link useWorld}; campaigns are stopped before their managers are closed, as an application does. */
export function useNation(): World {
  afterEach(async () => {
    for (const leadership of candidates.splice(0)) await world.until(leadership.stop({ timeoutMs: 0 }));
  });
  const world = useWorld();
  return world;
}

/** A replica of the service `orders` whose campaign is not started yet. */
export function candidate(world: World, options: CandidateOptions = {}): Candidate {
  const { leadership: own, hooks = {}, listeners, ...replicaOptions } = options;
  const replica = world.replica({ service: 'orders', ...replicaOptions });
  const diary: string[] = [];
  const errors: unknown[] = [];
  const leadership = new LeadershipCampaign(
    replica.manager,
    {
      service: 'orders',
      ttl: 3000,
      hooks: {
        onAcquired: async lease => {
          diary.push('acquired');
          await hooks.onAcquired?.(lease);
          diary.push('acquired done');
        },
        onLost: async () => {
          diary.push('lost');
          await hooks.onLost?.();
          diary.push('lost done');
        },
      },
      ...own,
    },
    {
      onHookError: (hook, error) => errors.push([hook, error]),
      onCampaignError: error => errors.push(error),
      ...listeners,
    },
  );
  candidates.push(leadership);
  return { ...replica, leadership, diary, errors };
}

/** Whose lease the store has under the leadership key. */
export async function storedOwner(world: World): Promise<string | undefined> {
  return (await world.store.inspect('service/orders/leadership'))?.owner;
}
