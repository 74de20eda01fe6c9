/** CONNECT of the doctor: the answer of the hub, and the session at the hub afterwards. */
import { expect, it, onTestFinished } from 'vitest';
import { GENERIC } from '../../../src/bench/hub/bench-rules.ts';
import { type BenchHub, startBenchHub } from '../../../src/bench/hub/server.ts';
import { encodeMqtt } from '../../../src/codec/mqtt-wire.ts';
import { tryHub } from '../../../src/doctor/hub-trial.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { openTcp } from '../../../src/io/tcp.ts';

const CLIENT_ID = 'gw';

async function openHub(): Promise<BenchHub> {
  const hub = await startBenchHub({ port: 0, rules: GENERIC, clock: systemClock() });
  onTestFinished(() => hub.stop());
  return hub;
}

const tryAt = (port: number) =>
  tryHub({
    open: openTcp({ host: '127.0.0.1', port, openMsMax: 5000, closeMsMax: 1000 }),
    credentials: () => ({ clientId: CLIENT_ID, username: undefined, password: undefined }),
    packetBytesMax: 1024,
    signal: new AbortController().signal,
  });

const sessionsAt = (hub: BenchHub): string[] => hub.sessions().map(({ clientId }) => clientId);

it('leaves no session behind at a hub that had none', async () => {
  const hub = await openHub();
  expect(await tryAt(hub.port)).toMatchObject({ kind: 'answered', connack: { returnCode: 0, sessionPresent: false } });
  await expect.poll(() => sessionsAt(hub), { timeout: 60_000 }).toEqual([]);
});

it('names the port on which nothing listens', async () => {
  const hub = await openHub();
  const { port } = hub;
  await hub.stop();
  const result = await tryAt(port);
  expect(result).toMatchObject({ kind: 'failed', stage: 'no connection' });
  expect(result).toHaveProperty('reason', expect.stringContaining('no program listens on the port'));
});

it('negative control: a CONNECT with CleanSession=0 alone leaves a session', async () => {
  const hub = await openHub();
  await new Promise<void>((resolve) => {
    const channel = openTcp({ host: '127.0.0.1', port: hub.port, openMsMax: 5000, closeMsMax: 1000 })({
      opened: () => {
        const identity = { clientId: CLIENT_ID, username: undefined, password: undefined, will: undefined };
        channel.write(encodeMqtt({ kind: 'connect', ...identity, cleanSession: false, keepAliveS: 60 }));
      },
      bytes: () => channel.close('the hub has answered'),
      closed: () => resolve(),
    });
  });
  expect(sessionsAt(hub)).toEqual([CLIENT_ID]);
});
