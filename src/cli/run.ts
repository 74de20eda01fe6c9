/** `holdfast run`: starts the store's thread, and loads the gateway meanwhile. */
import { startStoreThread } from '../store/thread.ts';
import type { CommandContext } from './context.ts';
import { VERSION } from './version.ts';

export async function run({ configPath }: CommandContext): Promise<number> {
  const storeThread = startStoreThread();
  const { runGateway } = await import('../daemon.ts');
  return await runGateway({ configPath, version: VERSION, storeThread });
}
