import { expect, it } from 'vitest';
import { bindingConditions } from '../../../../src/ops/conditions/binding-conditions.ts';
import type { SubdeviceBinding } from '../../../../src/ops/reports/binding-report.ts';

function unbound(subdevice: string, forMs: number): SubdeviceBinding {
  const [sentence, remedy] = ['it was unbound at the hub', `Bind it: holdfast hub bind ${subdevice}.`];
  return { subdevice, hubIdentity: `P/${subdevice}`, binding: 'unbound', sentence, remedy, forMs };
}

const BOUND: SubdeviceBinding = { ...unbound('b', 0), binding: 'bound', sentence: null, remedy: null, forMs: null };
const NOW = { nowMs: 9000, startedAtMs: 1000, unconfiguredDevices: [], unconfirmed: { subdevices: [], forMs: 0 } };

it('a bound subdevice and one of unknown binding are no condition', () => {
  expect(bindingConditions({ ...NOW, bindings: [BOUND, { ...BOUND, binding: 'unknown' }] })).toEqual([]);
});

it('an unbound subdevice is reported with the reason and its remedy', () => {
  expect(bindingConditions({ ...NOW, bindings: [BOUND, unbound('m1', 5000)] })).toEqual([
    {
      ...{ code: 'subdevice-unbound', losing: 'at risk', forMs: 5000, hint: 'Bind it: holdfast hub bind m1.' },
      sentence:
        '1 subdevice not bound at the hub (it was unbound at the hub) and not served: m1. Uplinks that were accepted before are kept.',
    },
  ]);
});

it('several unbound subdevices are counted, and the first are named', () => {
  const bindings = ['a', 'b', 'c', 'd'].map((id, index) => unbound(id, index));
  const [condition] = bindingConditions({ ...NOW, bindings });
  expect(condition?.sentence).toMatch(/^4 subdevices not bound at the hub and not served: a, b, c, …\./);
  expect(condition?.hint).toContain('holdfast hub describe');
});

it('a subdevice that is bound and not configured is reported as no loss', () => {
  expect(bindingConditions({ ...NOW, bindings: [], unconfiguredDevices: ['P/x'] })).toMatchObject([
    {
      code: 'subdevice-not-configured',
      losing: 'no',
      sentence: '1 subdevice bound at the hub and not configured: P/x.',
    },
  ]);
});

it('a subdevice that is announced and not confirmed is reported with the duration', () => {
  const unconfirmed = { subdevices: ['m1', 'm2'], forMs: 21_000 };
  expect(bindingConditions({ ...NOW, bindings: [BOUND], unconfirmed })).toMatchObject([
    {
      ...{ code: 'subdevice-unconfirmed', losing: 'at risk', forMs: 21_000 },
      sentence: 'The hub does not confirm that 2 subdevices are online: m1, m2. It may discard their uplinks.',
    },
  ]);
});
