/** Trial of permissions against a real hub: refused filters, topics on which it closes, and the session afterwards. */
import { expect, it, onTestFinished } from 'vitest';
import { GENERIC, type HubRules } from '../../../src/bench/hub/bench-rules.ts';
import { type BenchHub, startBenchHub } from '../../../src/bench/hub/server.ts';
import { connectOnce } from '../../../src/doctor/hub-trial.ts';
import { type PermissionPlan, tryPermissions } from '../../../src/doctor/permission-trial.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { openTcp } from '../../../src/io/tcp.ts';

const PLAN: PermissionPlan = { filters: ['gw/a/cmd', 'gw/b/cmd'], topics: ['gw/a/t', 'gw/b/t'] };

async function openHub(rules: Partial<HubRules> = {}): Promise<BenchHub> {
  const hub = await startBenchHub({ port: 0, rules: { ...GENERIC, ...rules }, clock: systemClock() });
  onTestFinished(() => hub.stop());
  return hub;
}

const optionsFor = ({ port }: BenchHub) => ({
  open: openTcp({ host: '127.0.0.1', port, openMsMax: 5000, closeMsMax: 1000 }),
  credentials: () => ({ clientId: 'gw', username: undefined, password: undefined }),
  packetBytesMax: 1024,
  signal: new AbortController().signal,
});

it('is granted everything by a hub without rules, and leaves no session behind', async () => {
  const hub = await openHub();
  const arrived: string[] = [];
  hub.onArrived(({ topic, payload }) => arrived.push(`${topic}:${payload.length}`));
  const result = await tryPermissions(optionsFor(hub), PLAN);
  expect([...result.filters.values(), ...result.topics.values()]).toEqual(['granted', 'granted', 'granted', 'granted']);
  expect(arrived).toEqual(['gw/a/t:0', 'gw/b/t:0']);
  await expect.poll(() => hub.sessions().map(({ clientId }) => clientId), { timeout: 60_000 }).toEqual([]);
});

it('names the refused filter and the topic on which the hub closes, and what was not tried', async () => {
  const hub = await openHub({ forbiddenFilters: ['gw/b/cmd'] });
  hub.setFault({ kind: 'set', faults: { poison: ['gw/a/t'] } });
  const result = await tryPermissions(optionsFor(hub), PLAN);
  expect(Object.fromEntries([...result.filters, ...result.topics])).toEqual({
    'gw/a/cmd': 'granted',
    'gw/b/cmd': 'refused',
    'gw/a/t': 'closed',
    'gw/b/t': 'not tried',
  });
});

it('keeps a session that the hub had before', async () => {
  const hub = await openHub();
  const options = optionsFor(hub);
  await connectOnce(options, false);
  await tryPermissions(options, PLAN);
  expect(hub.sessions().map(({ clientId }) => clientId)).toEqual(['gw']);
});

it('reports the return code of a CONNECT that the hub rejects, and tries nothing', async () => {
  const hub = await openHub({ credentials: new Map([['other', 'AAAA']]) });
  const result = await tryPermissions(optionsFor(hub), PLAN);
  expect(result.connect.returnCode).not.toBe(0);
  expect([...result.topics.values()]).toEqual(['not tried', 'not tried']);
});
