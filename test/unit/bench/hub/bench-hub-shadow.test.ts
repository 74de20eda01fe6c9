/** Device shadows of the hub, with the JSON of its documents. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/base/json-value.ts';
import { ShadowService } from '../../../../src/bench/hub/services/shadow.ts';

const NOW_MS = 1_735_689_600_500;
const DEVICE = { product: 'SP', device: 'pump' };

function openServices() {
  const shadows = new ShadowService();
  const read = (payload: Uint8Array | undefined): JsonObject => JSON.parse(new TextDecoder().decode(payload));
  const ask = (request: object, wallMs = NOW_MS): JsonObject => {
    const payload = new TextEncoder().encode(JSON.stringify(request));
    const message = { topic: '$shadow/operation/SP/pump', payload, qos: 1 } as const;
    const answers = shadows.answer(message, { clientId: 'SPpump', owns: () => true }, wallMs);
    expect(answers?.map(({ topic }) => topic)).toEqual(['$shadow/operation/result/SP/pump']);
    return read(answers?.[0]?.payload);
  };
  return {
    ask,
    get: () => ask({ type: 'get' }).payload,
    report: (reported: unknown, fields: object = {}) => ask({ type: 'update', state: { reported }, ...fields }),
    desire: (state: JsonObject | null, version?: number) => {
      const { result, messages } = shadows.desire(DEVICE, { state, version }, NOW_MS);
      return { result, sent: messages.map(({ payload }) => read(payload)) };
    },
  };
}

describe('a shadow', () => {
  it('without an update is the empty document', () => {
    expect(openServices().ask({ type: 'get', clientToken: 't' })).toEqual({
      ...{ type: 'get', result: 0, timestamp: NOW_MS, clientToken: 't' },
      payload: { state: {}, metadata: {}, version: 0 },
    });
  });

  it('answers an update with the changes and the next version', () => {
    expect(openServices().report({ k: 'v' }, { version: 0, clientToken: 't' })).toEqual({
      ...{ type: 'update', result: 0, timestamp: NOW_MS, clientToken: 't' },
      payload: {
        state: { reported: { k: 'v' } },
        metadata: { reported: { k: { timestamp: NOW_MS } } },
        ...{ version: 1, timestamp: NOW_MS },
      },
    });
  });

  it('answers an update for another version with the whole document, and does not change', () => {
    const { report, get } = openServices();
    report({ k: 1 });
    const answer = report({ k: 2 }, { version: 0 });
    expect(answer).toMatchObject({
      type: 'update',
      result: 5005,
      payload: { state: { reported: { k: 1 } }, version: 1 },
    });
    expect(answer.payload).toEqual(get());
    expect(report({ k: 2 }, { version: 1 })).toMatchObject({ result: 0, payload: { version: 2 } });
  });

  it('removes a key that is reported as null, merges objects, and replaces arrays', () => {
    const { report, get } = openServices();
    report({ gone: 1, list: [1, 2, 3], deep: { a: 1, b: 2 } });
    report({ gone: null, list: [4], deep: { b: null, c: 3 } });
    expect(get()).toMatchObject({ state: { reported: { list: [4], deep: { a: 1, c: 3 } } }, version: 2 });
    expect(JSON.stringify(get())).not.toMatch(/gone|"b"/);
  });

  it('sends the device the difference to the desired state, which a get contains too', () => {
    const { report, desire, get } = openServices();
    report({ on: false, list: [1], deep: { a: 1, b: 1 } });
    const { result, sent } = desire({ on: true, list: [1], deep: { a: 1, b: 2 } });
    const delta = { on: true, deep: { b: 2 } };
    expect([result, sent]).toEqual([
      0,
      [
        {
          ...{ type: 'delta', timestamp: NOW_MS },
          payload: {
            state: delta,
            metadata: { on: { timestamp: NOW_MS }, deep: { b: { timestamp: NOW_MS } } },
            ...{ version: 2, timestamp: NOW_MS },
          },
        },
      ],
    ]);
    expect(get()).toMatchObject({ state: { delta } });
    expect(desire({ on: false, deep: null })).toEqual({ result: 0, sent: [] });
  });

  it('removes the desired state when the device reports desired null', () => {
    const { ask, desire, get } = openServices();
    desire({ on: true });
    expect(ask({ type: 'update', state: { reported: { on: true }, desired: null } })).toMatchObject({ result: 0 });
    expect(get()).toEqual({
      state: { reported: { on: true } },
      metadata: { reported: { on: { timestamp: NOW_MS } } },
      ...{ version: 2, timestamp: NOW_MS },
    });
  });

  it('rejects a desired state from a device', () => {
    const { ask, get } = openServices();
    expect(ask({ type: 'update', state: { desired: { on: true } } })).toMatchObject({ result: 5001 });
    expect(get()).toMatchObject({ version: 0 });
  });

  it('rejects a desired state for another version', () => {
    const { desire, get } = openServices();
    expect(desire({ on: true }, 7)).toEqual({ result: 5005, sent: [] });
    expect(get()).toMatchObject({ version: 0 });
  });

  it('has at most 16 KB after all updates, and five levels', () => {
    const { report } = openServices();
    const nested = (depth: number): JsonObject => (depth === 1 ? { k: 1 } : { k: nested(depth - 1) });
    expect(report(nested(5))).toMatchObject({ result: 0 });
    expect(report(nested(6))).toMatchObject({ result: 5001 });
    expect(report(nested(50))).toMatchObject({ result: 5001 });
    expect(report({ a: 'x'.repeat(9000) })).toMatchObject({ result: 0 });
    expect(report({ b: 'x'.repeat(9000) })).toMatchObject({ result: 5001 });
  });
});
