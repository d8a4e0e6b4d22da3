import { sharedServer } from './global-setup.ts';

export default async function globalTeardown(): Promise<void> {
  await sharedServer.lockTestRedis?.stop();
}
