import { OptionsInvalidError } from './errors.js';

/** That an optional peer of this package cannot be loaded. `cause` is what `import()` rejected with. */
export function peerMissing(store: string, packageName: string, cause: unknown): OptionsInvalidError {
  const error = new OptionsInvalidError([
    `the ${store} store needs the package ${packageName}, which is not installed; run: npm install ${packageName}`,
  ]);
  return Object.assign(error, { cause });
}
