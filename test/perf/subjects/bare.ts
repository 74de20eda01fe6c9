/** The bare yardstick (`bare-gateway.ts`) behind PTYs. */
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CountingHub } from '../hub/counting-hub.ts';
import { textLineRing } from '../load/frames.ts';
import { Load } from '../load/load.ts';
import { openRawPty } from '../load/raw-pty.ts';
import { until } from '../load/until.ts';
import { ChildRelay, startChild } from './child-relay.ts';
import { type Relay, topicAtHub } from './relay.ts';

const PROGRAM = fileURLToPath(new URL('./bare-gateway.ts', import.meta.url));

export async function openBare({
  stateRoot,
  links,
}: {
  readonly stateRoot: string;
  readonly links: number;
}): Promise<Relay> {
  const folder = mkdtempSync(join(stateRoot, 'holdfast-bench-bare-'));
  const hub = new CountingHub();
  await hub.open();
  const ptys = Array.from({ length: links }, () => openRawPty());
  const ring = textLineRing();
  const load = new Load(ptys.map(({ masterFd }) => ({ fd: masterFd, protocol: { kind: 'text' }, ring })));
  for (const index of ptys.keys()) hub.countTopic(topicAtHub(index));
  const words = [PROGRAM, String(hub.port), join(folder, 'bare.db'), ...ptys.map(({ path }) => path)];
  const child = startChild(process.execPath, words, { env: { NODE_COMPILE_CACHE: join(folder, 'cache') } });
  const end = (): void => {
    for (const pty of ptys) pty.close();
  };
  if (child.stdout !== null) await once(child.stdout, 'data');
  await until(() => hub.isConnected, 'the bare yardstick is connected to the hub');
  return new ChildRelay({ hub, load, child, folder, end });
}
