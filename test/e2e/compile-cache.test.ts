/** A gateway that always ends by a power cut keeps its compiled code, so that only its first start is a cold one. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

it('a gateway writes its compile cache while it runs, not only at a regular exit', async () => {
  const testbed = await openTestbed({
    subdevices: { a: {} },
    envFor: ({ folder }) => ({ NODE_COMPILE_CACHE: join(folder, 'compiled') }),
  });
  const cache = join(testbed.folder, 'compiled');
  const isWritten = () => readdirSync(cache, { recursive: true, withFileTypes: true }).some((entry) => entry.isFile());
  await testbed.gateway.start();
  await until(() => existsSync(cache) && isWritten());
  expect(await testbed.gateway.signal('SIGKILL')).toBe('SIGKILL');
});
