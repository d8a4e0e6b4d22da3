import base from '../../jest.config.js';

const { globalSetup, globalTeardown, ...rest } = base;

/**
 * What users get: the packed tarball, installed beside Nest 11 and Nest 12. Needs npm's registry, no Redis.
 * @type {import('jest').Config}
 */
export default {
  ...rest,
  rootDir: '../..',
  roots: ['<rootDir>/test/consumers'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
};
