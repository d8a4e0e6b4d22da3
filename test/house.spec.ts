import { describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

// The snippets are files that do not exist, so all but the last test do without type information
const untyped = new ESLint({
  overrideConfig: [
    tseslint.configs.disableTypeChecked,
    { rules: { '@typescript-eslint/no-unused-vars': 'off' } },
  ] as ESLint.Options['overrideConfig'],
});

async function complaints(eslint: ESLint, filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath, warnIgnored: true });
  return result!.messages.map(message => `${message.ruleId}: ${message.message}`);
}

describe('the import table', () => {
  it.each([
    ['lib/core/x.ts', `import '../platform/system-clock.js';`, 'lib/core may not import lib/platform'],
    ['lib/core/x.ts', `import { readFile } from 'node:fs';`, 'lib/core does no I/O'],
    [
      'lib/core/x.ts',
      `import { Injectable } from '@nestjs/common';`,
      "lib/core may not import '@nestjs/common'",
    ],
    ['lib/platform/x.ts', `import '../engine/lock.js';`, 'lib/platform may not import lib/engine'],
    ['lib/engine/x.ts', `import '../stores/memory/index.js';`, 'lib/engine may not import lib/stores/memory'],
    ['lib/engine/x.ts', `import '../module/index.js';`, 'lib/engine may not import lib/module'],
    ['lib/engine/x.ts', `import '../leadership/index.js';`, 'lib/engine may not import lib/leadership'],
    [
      'lib/engine/x.ts',
      `import { Logger } from '@nestjs/common';`,
      "lib/engine may not import '@nestjs/common'",
    ],
    ['lib/engine/x.ts', `import { of } from 'rxjs';`, "lib/engine may not import 'rxjs'"],
    ['lib/engine/x.ts', `import type { Redis } from 'ioredis';`, "lib/engine may not import 'ioredis'"],
    [
      'lib/leadership/x.ts',
      `export * from '../module/index.js';`,
      'lib/leadership may not import lib/module',
    ],
    ['lib/leadership/x.ts', `import '../testing/index.js';`, 'lib/leadership may not import lib/testing'],
    [
      'lib/stores/redis/x.ts',
      `import '../memory/index.js';`,
      'lib/stores/redis may not import lib/stores/memory',
    ],
    ['lib/stores/redis/x.ts', `import '../../engine/lock.js';`, 'lib/stores/redis may not import lib/engine'],
    ['lib/stores/memory/x.ts', `await import('ioredis');`, "lib/stores/memory may not import 'ioredis'"],
    [
      'lib/stores/redis/x.ts',
      `import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';`,
      "lib/stores/redis may not import '@aws-sdk/client-dynamodb'",
    ],
    [
      'lib/stores/dynamodb/x.ts',
      `import '../redis/index.js';`,
      'lib/stores/dynamodb may not import lib/stores/redis',
    ],
    [
      'lib/stores/dynamodb/x.ts',
      `import { marshall } from '@aws-sdk/util-dynamodb';`,
      "lib/stores/dynamodb may not import '@aws-sdk/util-dynamodb'",
    ],
    [
      'lib/module/x.ts',
      `import '../stores/dynamodb/index.js';`,
      'lib/module may reach lib/stores/dynamodb by import() only',
    ],
    [
      'lib/module/x.ts',
      `await import('@aws-sdk/client-dynamodb');`,
      "lib/module may not import '@aws-sdk/client-dynamodb'",
    ],
    [
      'lib/stores/etcd/x.ts',
      `import '../../core/keys.js';`,
      'lib/stores/etcd has no row in the import table',
    ],
    [
      'lib/module/x.ts',
      `import '../stores/redis/index.js';`,
      'lib/module may reach lib/stores/redis by import() only',
    ],
    ['lib/module/x.ts', `type X = import('../stores/redis/index.js').X;`, 'by import() only'],
    ['lib/module/x.ts', `await import('../testing/index.js');`, 'lib/module may not import lib/testing'],
    ['lib/module/x.ts', `await import('ioredis');`, "lib/module may not import 'ioredis'"],
    ['lib/module/x.ts', `import { X } from '@nestjs/core/injector/module.js';`, 'reaches into @nestjs/core'],
    [
      'lib/module/decorators/x.ts',
      `import '../../testing/index.js';`,
      'lib/module may not import lib/testing',
    ],
    ['lib/module/x.ts', `const name = 'ioredis'; await import(name);`, 'must be a plain string'],
    ['lib/testing/x.ts', `import { it } from '@jest/globals';`, "lib/testing may not import '@jest/globals'"],
    ['lib/index.ts', `export * from './stores/memory/index.js';`, 'lib/. may not import lib/stores/memory'],
    ['lib/index.ts', `export * from '../sample-app/src/main.js';`, 'outside lib'],
  ])('in %s refuses %s', async (filePath, code, expected) => {
    const all = await complaints(untyped, filePath, code);
    expect(all).toEqual([expect.stringContaining(expected)]);
    expect(all[0]).toMatch(/^house\/imports: /);
  });

  it.each([
    ['lib/core/x.ts', `import './keys.js';`],
    [
      'lib/engine/x.ts',
      `import '../core/keys.js'; import '../platform/system-clock.js'; import { on } from 'node:events';`,
    ],
    ['lib/stores/redis/x.ts', `import { createHash } from 'node:crypto'; await import('ioredis');`],
    ['lib/stores/dynamodb/x.ts', `await import('@aws-sdk/client-dynamodb');`],
    ['lib/module/x.ts', `import { Logger } from '@nestjs/common'; await import('../stores/redis/index.js');`],
    ['lib/testing/x.ts', `import '../engine/lock.js'; import '../stores/memory/index.js';`],
    ['test/x.spec.ts', `import '../lib/stores/redis/index.js'; setTimeout(() => {}, Date.now());`],
  ])('in %s allows %s', async (filePath, code) => {
    expect(await complaints(untyped, filePath, code)).toEqual([]);
  });
});

describe('clocks, timers and chance', () => {
  const FORBIDDEN = [
    `export const x = Date.now();`,
    `export const x = new Date();`,
    `export const x = globalThis.Date.now();`,
    `export const x = performance.now();`,
    `setTimeout(() => {}, 1);`,
    `globalThis.setInterval(() => {}, 1);`,
    `setImmediate(() => {});`,
    `export const x = Math.random();`,
    `export const { random } = Math;`,
    `export const x = crypto.randomUUID();`,
    `export const x = process.hrtime.bigint();`,
    `export const x = AbortSignal.timeout(1);`,
    `import { randomUUID } from 'node:crypto'; randomUUID();`,
    `import { createHash, randomBytes } from 'node:crypto'; createHash(randomBytes(1));`,
    `import * as all from 'node:crypto'; all.randomUUID();`,
    `import { setTimeout as sleep } from 'node:timers/promises'; await sleep(1);`,
    `export const { setTimeout: sleep } = await import('node:timers/promises');`,
    `import { performance as p } from 'node:perf_hooks'; p.now();`,
    `import { AsyncLocalStorage } from 'node:async_hooks'; export { AsyncLocalStorage };`,
  ];

  it.each(FORBIDDEN)('refuses %s outside lib/platform', async code => {
    for (const folder of ['engine', 'stores/redis', 'module/decorators', 'testing']) {
      expect(await complaints(untyped, `lib/${folder}/x.ts`, code)).not.toEqual([]);
    }
  });

  it.each(FORBIDDEN)('allows %s in lib/platform', async code => {
    expect(await complaints(untyped, 'lib/platform/x.ts', code)).toEqual([]);
  });
});

it('refuses a promise that nobody waits for', async () => {
  const code = `async function f(): Promise<void> {}\nexport function g(): void {\n  f();\n}\n`;
  // Where CI is set, the parser would take the types from the file on disk, not from this code
  const typed = new ESLint({
    overrideConfig: { languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } } },
  });
  expect(await complaints(typed, 'lib/core/keys.ts', code)).toEqual([
    expect.stringContaining('@typescript-eslint/no-floating-promises'),
  ]);
});
