import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import { HintCounter, withHints } from '../hint-counter.js';

/** What the port says of: hint. */
export const hintCases = defineCases('hint', it => {
  it('comes right after subscribing, though the key is held', 'whenFreed', async probe => {
    const grant = await probe.grant(probe.key());
    await withHints(probe, grant.key, probe.store, async () => probe.assertHeldBy(grant));
  });

  it('does not come while subscribing: the caller has the chance to finish', 'whenFreed', async probe => {
    const hints = new HintCounter(probe, probe.key());
    const atOnce = hints.count;
    hints.stop();
    assert.equal(atOnce, 0);
  });

  it('comes on release', 'whenFreed', async probe => {
    const grant = await probe.grant(probe.key());
    await withHints(probe, grant.key, probe.store, async hints => {
      const before = hints.count;
      await probe.assertReleased(grant);
      await hints.more(before, 'no hint came on release');
    });
  });

  it('comes on each release, not only the first', 'whenFreed', async probe => {
    const key = probe.key();
    await withHints(probe, key, probe.store, async hints => {
      for (let i = 0; i < 3; i++) {
        const grant = await probe.grant(key);
        const before = hints.count;
        await probe.assertReleased(grant);
        await hints.more(before, `no hint came on release ${i + 1}`);
      }
    });
  });

  it('comes on forced revoke', 'whenFreed', async probe => {
    const grant = await probe.grant(probe.key());
    await withHints(probe, grant.key, probe.store, async hints => {
      const before = hints.count;
      await probe.revoke(grant, true);
      await hints.more(before, 'no hint came on forced revoke');
    });
  });

  it('comes to all who subscribed', 'whenFreed', async probe => {
    const grant = await probe.grant(probe.key());
    await withHints(probe, grant.key, probe.store, first =>
      withHints(probe, grant.key, probe.store, async second => {
        const before = [first.count, second.count] as const;
        await probe.assertReleased(grant);
        await first.more(before[0], 'no hint came to the first');
        await second.more(before[1], 'no hint came to the second');
      }),
    );
  });

  it('comes to one who stays subscribed after another has left', 'whenFreed', async probe => {
    const grant = await probe.grant(probe.key());
    await withHints(probe, grant.key, probe.store, async staying => {
      await withHints(probe, grant.key, probe.store, async () => undefined);
      await probe.units(0.2);
      const before = staying.count;
      await probe.assertReleased(grant);
      await staying.more(before, 'no hint came to the one that stayed');
    });
  });

  it('comes to another handle', 'whenFreed', 'reopen', async probe => {
    const grant = await probe.grant(probe.key());
    await withHints(probe, grant.key, await probe.another(), async hints => {
      const before = hints.count;
      await probe.assertReleased(grant);
      await hints.more(before, 'no hint came to the other handle');
    });
  });

  it('comes for keys with special characters', 'whenFreed', async probe => {
    for (const suffix of ['{a}*', 'é🔒', 'a[b]?:c%']) {
      const grant = await probe.grant(probe.key(suffix));
      await withHints(probe, grant.key, probe.store, async hints => {
        const before = hints.count;
        await probe.assertReleased(grant);
        await hints.more(before, `no hint came for ${suffix}`);
      });
    }
  });

  it('stops coming after abort', 'whenFreed', async probe => {
    const grant = await probe.grant(probe.key());
    const hints = new HintCounter(probe, grant.key);
    await hints.more(0, 'no hint came right after subscribing');
    hints.stop();
    const before = hints.count;
    await probe.assertReleased(grant);
    await probe.units(0.5);
    assert.equal(hints.count, before);
  });

  it('never comes when aborted before', 'whenFreed', async probe => {
    let count = 0;
    probe.store.whenFreed!(probe.key(), () => void (count += 1), AbortSignal.abort());
    await probe.units(0.5);
    assert.equal(count, 0);
  });
});
