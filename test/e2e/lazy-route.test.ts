/** The library of WebSocket is loaded by a gateway that is configured for it, and by no other one. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTestbed } from './testbed.ts';
import type { ConfigTables } from './testbed-config.ts';

/** Writes the packages of CommonJS that the main thread has loaded, when the process ends. */
const WATCH = `
import { writeFileSync } from 'node:fs';
import { Module } from 'node:module';
import { isMainThread } from 'node:worker_threads';
if (isMainThread && process.env.LOADED_FILE !== undefined) {
  process.on('exit', () => {
    const names = Object.keys(Module._cache).flatMap((path) => /node_modules\\/([^/]+)\\//.exec(path)?.[1] ?? []);
    writeFileSync(process.env.LOADED_FILE, JSON.stringify([...new Set(names)]));
  });
}
`;

async function loadedBy(hub: ConfigTables['hub'] = {}): Promise<string[]> {
  let file = '';
  const testbed = await openTestbed({
    subdevices: { a: {} },
    config: { hub: { ...hub } },
    envFor: ({ folder }) => {
      const watch = join(folder, 'watch.mjs');
      writeFileSync(watch, WATCH);
      file = join(folder, 'loaded.json');
      return { NODE_OPTIONS: `--import=${watch}`, LOADED_FILE: file };
    },
  });
  await testbed.gateway.start();
  await testbed.gateway.signal('SIGTERM');
  return JSON.parse(readFileSync(file, 'utf8'));
}

describe('the library of WebSocket', () => {
  it('is not loaded over TCP, with TLS, or through a proxy', async () => {
    for (const hub of [{}, { tls: 'on' }, { proxy: 'http://127.0.0.1:1' }])
      expect(await loadedBy(hub)).not.toContain('ws');
  });

  it('negative control: is loaded over WebSocket', async () => {
    expect(await loadedBy({ transport: 'ws' })).toContain('ws');
  });
});
