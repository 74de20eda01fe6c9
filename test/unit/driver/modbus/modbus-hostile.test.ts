/**
 * A Modbus link with random input: bytes without meaning, commands in random order, flows that reject. Total and
 * bounded.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/base/random.ts';
import type { LinkAction, LinkInput, RefuseReason } from '../../../../src/driver/driver.ts';
import { createModbusLink, type ModbusFraming } from '../../../../src/driver/modbus/link.ts';
import { positive } from '../address-book.ts';
import { point, unitPlan } from './modbus-wire.ts';

const UNITS = [unitPlan(1, [point('a', 0), point('b', 5)]), unitPlan(2, [point('c', 0)]), unitPlan(0, [point('d', 0)])];
const SUBDEVICES = ['unit-1', 'unit-2', 'unit-0', 'unknown'];

function openLink(framing: ModbusFraming = 'rtu') {
  return createModbusLink({
    ...{ units: UNITS, baudRate: 9600, answerMsMax: 100, lateMsMax: 200, retriesMax: 1, uplinksMax: 4 },
    ...{ pauseMs: 5, pauseAfterWriteMs: 20, echo: 'auto', framing },
    ...{ reopen: { floorMs: 50, ceilingMs: 100 }, random: seededRandom(3) },
  });
}

const subdevice = fc.constantFrom(...SUBDEVICES);
const token = fc.nat(30);
const anyInput: fc.Arbitrary<LinkInput> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('bytes' as const), bytes: fc.uint8Array({ maxLength: 600 }) }),
  },
  { weight: 12, arbitrary: fc.constant({ kind: 'wake' } as const) },
  fc.constantFrom<LinkInput>({ kind: 'start' }, { kind: 'stop' }, { kind: 'closed', reason: 'cut' }),
  { weight: 2, arbitrary: fc.constant({ kind: 'opened' } as const) },
  fc.record({
    kind: fc.constant('attached' as const),
    subdevice,
    answer: fc.constantFrom(
      { accepted: true, topicIds: new Map() } as const,
      { accepted: false, why: 'congestion' } as const,
    ),
  }),
  fc
    .tuple(fc.constantFrom('acknowledge' as const, 'confirm' as const), subdevice, token)
    .map((answer) => positive(...answer)),
  fc.record({
    kind: fc.constant('refuse' as const),
    subdevice,
    token,
    why: fc.constantFrom<RefuseReason>('congestion', 'not allowed'),
  }),
  fc.record({
    ...{ kind: fc.constant('deliver' as const), subdevice, token, topic: fc.constantFrom('set', 'other') },
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom('{"a":1}', '{"d":2}').map((text) => Buffer.from(text)),
    ),
    ...{ qos: fc.constant(1 as const), dup: fc.boolean() },
  }),
);

describe('a Modbus link', () => {
  it.each(['rtu', 'mbap'] as const)(
    'never throws, answers each delivery once, and detaches only attached units (%s)',
    (framing) => {
      fc.assert(
        fc.property(fc.array(fc.tuple(anyInput, fc.nat(150)), { maxLength: 120 }), (inputs) => {
          const link = openLink(framing);
          const unanswered = new Map<number, number>();
          const isHere = new Map<string, boolean>();
          const isAsking = new Set<string>();
          const note = (action: LinkAction): void => {
            if (action.kind === 'delivered' || action.kind === 'undelivered')
              unanswered.set(action.token, (unanswered.get(action.token) ?? 0) - 1);
            if (action.kind !== 'attach' && action.kind !== 'detach') return;
            expect(isHere.get(action.subdevice) ?? false).toBe(action.kind === 'detach');
            isHere.set(action.subdevice, action.kind === 'attach');
            if (action.kind === 'attach') isAsking.add(action.subdevice);
          };
          let nowMs = 0;
          for (const [input, stepMs] of inputs) {
            nowMs += stepMs;
            // The flow answers an attach once, and only after it.
            if (input.kind === 'attached' && !isAsking.delete(input.subdevice)) continue;
            if (input.kind === 'attached' && !input.answer.accepted) isHere.set(input.subdevice, false);
            if (input.kind === 'deliver') unanswered.set(input.token, (unanswered.get(input.token) ?? 0) + 1);
            for (const action of link.handle(input, nowMs)) note(action);
          }
          for (const action of link.handle({ kind: 'closed', reason: 'cut' }, nowMs)) note(action);
          expect([...unanswered.values()].every((count) => count === 0)).toBe(true);
        }),
      );
    },
  );

  it('requests attach again later if it is rejected, or if its subscription finds no room', () => {
    const link = openLink();
    const actions: LinkAction[] = [];
    let nowMs = 0;
    const say = (input: LinkInput): void => void actions.push(...link.handle(input, nowMs));
    const count = (kind: LinkAction['kind']): number => actions.filter((action) => action.kind === kind).length;
    say({ kind: 'start' });
    say({ kind: 'opened' }); // Unit 0 is attached with the line.
    expect(count('attach')).toBe(1);
    say({ kind: 'attached', subdevice: 'unit-0', answer: { accepted: true, topicIds: new Map() } });
    say({ kind: 'refuse', subdevice: 'unit-0', token: 1, why: 'congestion' });
    for (; nowMs < 29_000; nowMs += 100) say({ kind: 'wake' });
    expect(count('subscribe')).toBe(1);
    for (; nowMs < 32_000; nowMs += 100) say({ kind: 'wake' });
    expect(count('subscribe')).toBe(2);
  });

  it('is never due at a past time without having work', () => {
    const link = openLink();
    let nowMs = 0;
    link.handle({ kind: 'start' }, nowMs);
    link.handle({ kind: 'opened' }, nowMs);
    let wakes = 0;
    for (; nowMs < 60_000; wakes += 1) {
      nowMs = Math.max(nowMs, link.wakeAtMs() ?? nowMs + 1000);
      link.handle({ kind: 'wake' }, nowMs);
    }
    expect(wakes).toBeLessThan(2000);
  });
});
