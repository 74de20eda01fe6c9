/** Compile cache for the gateways of a call: a gateway that is stopped in order writes it. */
import { openHoldfast } from './subjects/holdfast.ts';

/** Runs a gateway through its usual work once, so that all usual code is in the cache. */
export async function warmCache(stateRoot: string, cacheFolder: string, program?: string): Promise<void> {
  const holdfast = await openHoldfast({ stateRoot, cacheFolder, links: 1, program });
  try {
    await holdfast.load.send(100, { window: 16 });
    await holdfast.hub.close();
    await holdfast.load.send(100, { window: 16 });
    await holdfast.process.signal('SIGTERM');
  } finally {
    await holdfast.close();
  }
}
