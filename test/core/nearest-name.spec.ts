import { describe, expect, it } from '@jest/globals';
import { nearestName } from '../../lib/core/nearest-name.js';

describe('nearestName()', () => {
  it('finds the name that was meant, and none where none is near', () => {
    expect(nearestName('ttll', ['wait', 'ttl'])).toBe('ttl');
    expect(nearestName('shutdown', ['wait', 'ttl'])).toBeUndefined();
    expect(nearestName('TTL', ['ttl'])).toBe('ttl');
  });
});
