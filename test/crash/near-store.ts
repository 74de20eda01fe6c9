/** The store in the main thread of a gateway under test, with other options than those of the product. */
import type { OpenStore } from '../../src/ports.ts';
import type { CoreOptions } from '../../src/store/core.ts';
import { StoreService } from '../../src/store/service.ts';
import { StoreClient } from '../../src/store/thread.ts';
import type { FromStore } from '../../src/store/thread-messages.ts';

export function nearStore(options: Omit<CoreOptions, 'bootId' | 'upMs'>): OpenStore {
  return (listener) =>
    new Promise((resolve, reject) => {
      const parts: { service?: StoreService } = {};
      const client = new StoreClient((message) => setImmediate(() => parts.service?.handle(message)), listener);
      const hear = (message: FromStore): void => {
        if (message.kind === 'opened') resolve({ store: client.store, opening: message.opening });
        else if (message.kind === 'unopened') reject(new Error(message.what));
        else if (message.kind !== 'progress') client.receive(message);
      };
      const nowMs = (): number => performance.now();
      parts.service = new StoreService({ ...options, bootId: 'one boot', upMs: nowMs(), nowMs, send: hear });
    });
}
