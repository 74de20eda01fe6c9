/** Commands of the hub to the gateway itself: each is an event with its id, and is stored before it changes something. */
import { expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import type { RunRequests } from '../../../src/base/remote-command.ts';
import { type RemoteActions, RemoteCommands, type RunRemoteCommand } from '../../../src/flow/remote-commands.ts';
import { RemoteRequests } from '../../../src/hub/gateway/remote-requests.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';

const PAYLOAD_BYTES_MAX = 4096;
const ALLOWED = ['status', 'restart'] as const;

class Rig {
  readonly audits: string[] = [];
  readonly stored: RunRequests[] = [];
  readonly flow: RemoteCommands;
  readonly #mailbox = new Mailbox((error) => {
    throw error;
  });
  #answered: () => void = () => undefined;

  constructor(run: RunRemoteCommand, store?: RemoteActions['store']) {
    const facts = newFacts();
    facts.on('operatorActed', ({ action, subject, detail, by }) =>
      this.audits.push(`${by}: ${action} ${subject}: ${detail}`),
    );
    this.flow = new RemoteCommands({
      ...{ mailbox: this.#mailbox, facts, hubLimits: { payloadBytesMax: PAYLOAD_BYTES_MAX } },
      requests: new RemoteRequests({ filter: 'q', answerTopic: () => 'a', allowed: ALLOWED, perMinute: 60 }),
      send: () => this.#answered(),
    });
    const never: RunRemoteCommand = () => Promise.reject(new Error('not expected'));
    this.flow.attach({
      store: store ?? ((ids) => this.stored.push(ids)),
      settled: async () => undefined,
      commands: {
        ...{ status: run, restart: run, ledger: never, record: never },
        ...{ 'link-test': never, 'config-confirm': never },
      },
    });
  }

  send(id: string, command = 'status', retain = false): void {
    const payload = new TextEncoder().encode(JSON.stringify({ id, command, args: { n: 1 } }));
    const message = { topic: 'q', payload, qos: 1 as const, ...(retain && { retain: true as const }) };
    for (const event of this.flow.requests.onReceived(message, 0))
      if (event.kind === 'remoteCommand' || event.kind === 'remoteRejected') this.flow.handle(event);
  }

  /** Sends a request. @returns its answer */
  async ask(id: string, command = 'status', retain = false): Promise<Record<string, unknown>> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answered = resolve;
    this.send(id, command, retain);
    await promise;
    return this.take();
  }

  take(): Record<string, unknown> {
    return JSON.parse(new TextDecoder().decode(this.flow.requests.next()?.payload));
  }
}

it('a command gets its arguments and the room for its result; its answer and its event have the id', async () => {
  const calls: unknown[] = [];
  const rig = new Rig(async (...call) => {
    calls.push(call);
    return { json: '{"a":1}' };
  });
  expect(await rig.ask('x')).toMatchObject({ id: 'x', ok: true, result: { a: 1 } });
  expect(calls).toEqual([[{ n: 1 }, PAYLOAD_BYTES_MAX - 160]]);
  expect([rig.audits, rig.stored]).toEqual([['hub: remote status x: done'], []]);
});

it('the largest result makes an answer within the payload limit, and a larger one is an error', async () => {
  for (const [excess, ok] of [
    [0, true],
    [1, false],
  ] as const) {
    const rig = new Rig(async (_, bytesMax) => ({ json: JSON.stringify('x'.repeat(bytesMax - 2 + excess)) }));
    rig.send('i'.repeat(64));
    await new Promise(setImmediate);
    const payload = rig.flow.requests.next()?.payload;
    expect(payload?.length).toBeLessThanOrEqual(PAYLOAD_BYTES_MAX);
    expect(JSON.parse(new TextDecoder().decode(payload)).ok).toBe(ok);
  }
});

it('a command that fails is answered with the reason', async () => {
  const rig = new Rig(() => Promise.reject(new Error('no such line')));
  expect(await rig.ask('x')).toMatchObject({ ok: false, error: { code: 'failed', message: 'no such line' } });
  expect(rig.audits).toEqual(['hub: remote status x: failed: no such line']);
});

it('a rejected request is an event too', () => {
  const rig = new Rig(async () => ({ json: '{}' }));
  rig.send('x', 'record');
  expect(rig.audits).toEqual(['hub: remote request x: rejected: not-allowed']);
});

it('a command that changes something is stored before it runs, and does not run if that fails', async () => {
  const order: string[] = [];
  const run: RunRemoteCommand = async () => {
    order.push('run');
    return { json: '{}' };
  };
  const rig = new Rig(run, (ids) => order.push(`store ${ids.ids.join()} ${ids.retained}`));
  await rig.ask('x', 'restart', true);
  expect(order).toEqual(['store x x', 'run']);
  const full = new Rig(run, () => {
    throw new Error('ENOSPC');
  });
  expect(await full.ask('y', 'restart')).toMatchObject({ ok: false, error: { code: 'failed' } });
  expect(order).toHaveLength(2);
});

it('what follows an answer begins when the answer is sent, or is lost with the connection', async () => {
  let restarts = 0;
  const rig = new Rig(async () => ({
    json: '{}',
    afterAnswer: () => {
      restarts += 1;
    },
  }));
  const answered = rig.ask('x', 'restart');
  expect(restarts).toBe(0);
  await answered;
  expect(restarts).toBe(1);
});

it('at most four commands run at the same time', async () => {
  const { promise, resolve } = Promise.withResolvers<{ json: string }>();
  const rig = new Rig(() => promise);
  for (const id of ['1', '2', '3', '4']) rig.send(id);
  expect(await rig.ask('5')).toMatchObject({ id: '5', ok: false, error: { code: 'failed' } });
  resolve({ json: '{}' });
  await promise;
  await new Promise(setImmediate);
  expect(['1', '2', '3', '4'].map(() => rig.take().ok)).toEqual([true, true, true, true]);
});
