import { Dice } from './dice.js';
import type { SimFault } from './faults.js';
import type { LinkTrouble } from './network.js';
import { ownSlotKeys } from './pool-plan.js';
import type { Replica, World } from './replica.js';
import { TroubleLog } from './trouble-log.js';

/** Whoever runs the clients of a run. */
export interface ReplicaFleet {
  /** Those that have not crashed and are not being replaced. */
  readonly replicas: readonly Replica[];
  /** The client of a place, if there is one at present. */
  at(place: number): Replica | undefined;
  crash(place: number): void;
  /** Ends it in good order. */
  shutDown(place: number): void;
  start(place: number): void;
}

/** Makes the faults of a plan happen, each when its time comes. */
export class FaultInjector {
  /** Faults that have happened. */
  injected = 0;
  readonly troubles: TroubleLog;
  private readonly lasting = new Set<() => void>();
  private readonly dice: Dice;

  constructor(
    private readonly world: World,
    private readonly fleet: ReplicaFleet,
  ) {
    this.dice = new Dice(`injector-${world.plan.seed}`);
    this.troubles = new TroubleLog(() => world.time.monotonicMs());
    for (const fault of world.plan.faults) world.time.startTimer(fault.atMs, () => this.inject(fault));
  }

  /** Ends all that still lasts. */
  healAll(): void {
    for (const end of [...this.lasting]) end();
  }

  private inject(fault: SimFault): void {
    const { client, kind, forMs } = fault;
    this.injected++;
    this.world.recorder.tell(
      'fault',
      `${kind}${client === undefined ? '' : ` c${client}`} for ${forMs.toFixed(0)} ms`,
    );
    const over = this.troubles.begin(client);
    const end = client === undefined ? this.onServer(fault) : this.onClient(fault, client);
    if (end === null) over();
    else {
      this.lastsFor(forMs, () => {
        end();
        // The restart guard grants nothing for a while.
        if (kind.startsWith('server-restart'))
          this.world.time.startTimer(2 * this.world.plan.maxTtlMs + 2000, over);
        else over();
      });
    }
  }

  /** @returns what ends it; `null` where it is over at once */
  private onClient(fault: SimFault, client: number): (() => void) | null {
    const { kind, forMs } = fault;
    const replica = this.fleet.at(client);
    if (replica === undefined) return null;
    switch (kind) {
      case 'crash':
        this.fleet.crash(client);
        return () => this.fleet.start(client);
      case 'restart':
        if (!replica.isRunning) return null;
        this.fleet.shutDown(client);
        return () => this.fleet.start(client);
      case 'stall':
        return replica.pause('stalled');
      case 'suspend':
        if (replica.clock.unseen === 'jump-back') return null;
        replica.clock.unseen = 'suspend';
        return replica.pause('suspended');
      case 'jump-ahead':
        replica.machine.jumpWall(forMs * 5);
        return null;
      case 'jump-back':
        // A step back and a suspension, with nobody looking in between, hide each other.
        if (replica.clock.unseen === 'suspend') return null;
        replica.clock.unseen = 'jump-back';
        replica.machine.jumpWall(-forMs * 5);
        return null;
      case 'reset':
        replica.link.reset();
        return null;
      case 'fade':
        return this.fade(replica, fault);
      default:
        return replica.link.begin(this.troubleOf(fault));
    }
  }

  /** The link gets worse, and then it is gone. */
  private fade(replica: Replica, fault: SimFault): () => void {
    const before = (['slow', 'noise', 'cut-replies'] as const)[Math.floor(fault.severity * 3)]!;
    let end = replica.link.begin(this.troubleOf({ ...fault, kind: before }));
    const timer = this.world.time.startTimer(fault.forMs / 3, () => {
      end();
      end = replica.link.begin({ kind: 'cut', loses: 'both' });
    });
    return () => {
      timer.cancel();
      end();
    };
  }

  private onServer({ kind, forMs, severity }: SimFault): (() => void) | null {
    const { oracle, backend, plan } = this.world;
    const key = this.dice.pick([...plan.keys, ...ownSlotKeys(plan)]);
    switch (kind) {
      case 'throttle':
        return this.onAllLinks({ kind: 'throttle', odds: severity });
      case 'slow-server':
        return this.onAllLinks({ kind: 'slow', maxDelayMs: severity * plan.ttlMs });
      case 'server-restart':
        return backend.stop!('all');
      case 'server-restart-stale':
      case 'server-restart-empty':
        oracle.data.forget();
        if (kind === 'server-restart-stale') oracle.rewound();
        // Without the guard nothing keeps a server that has forgotten a lease from granting its key.
        if (!plan.restartGuard) oracle.exempt();
        return backend.stop!(kind === 'server-restart-stale' ? 'stale' : 'nothing');
      case 'evict':
        oracle.data.forget();
        oracle.exempt(key);
        backend.evict!(key);
        return null;
      case 'server-jump-ahead':
        oracle.exempt();
        backend.jump!(forMs);
        return null;
      case 'revoke-by-force': {
        const replica = this.fleet.replicas.find(({ isRunning }) => isRunning);
        oracle.exemptForGood(key);
        void replica?.track(replica.manager.revoke(key, { force: true }).catch(() => undefined));
        return null;
      }
      default:
        throw new Error(`no such fault of the server: ${kind}`);
    }
  }

  private troubleOf({ kind, severity }: SimFault): LinkTrouble {
    const { ttlMs } = this.world.plan;
    switch (kind) {
      case 'cut':
        return { kind: 'cut', loses: 'both' };
      case 'cut-requests':
        return { kind: 'cut', loses: 'requests' };
      case 'cut-replies':
        return { kind: 'cut', loses: 'replies' };
      case 'noise':
        return { kind: 'noise', odds: severity * 0.4, maxDelayMs: severity * 1.5 * ttlMs };
      case 'slow':
        return { kind: 'slow', maxDelayMs: severity * 1.5 * ttlMs };
      case 'lose-hints':
        return { kind: 'lose-hints' };
      case 'ambush':
        return { kind: 'ambush', stage: 'waiting' };
      default:
        throw new Error(`no such fault of a link: ${kind}`);
    }
  }

  private onAllLinks(trouble: LinkTrouble): () => void {
    const ends = this.fleet.replicas.map(replica => replica.link.begin(trouble));
    return () => ends.forEach(end => end());
  }

  private lastsFor(forMs: number, end: () => void): void {
    const endOnce = (): void => {
      if (!this.lasting.delete(endOnce)) return;
      timer.cancel();
      end();
    };
    this.lasting.add(endOnce);
    const timer = this.world.time.startTimer(forMs, endOnce);
  }
}
