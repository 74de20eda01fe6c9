/** Owner of the store: what is recorded, when a copy is held, and what adopting changes. */
import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import type { MachineEvidence } from '../../../src/base/machine-identity.ts';
import type { Change } from '../../../src/custody/change.ts';
import { StoreOwner } from '../../../src/flow/store-owner.ts';
import { StepClock } from './flow-rig.ts';

const HERE: MachineEvidence = { board: 'b1', medium: 'm1', machineId: 'i1', adapters: 'a1' };
const ELSEWHERE: MachineEvidence = { board: 'b2', medium: 'm2', machineId: 'i1', adapters: 'a2' };

function openOwner(known: MachineEvidence | undefined, found: MachineEvidence | undefined = HERE) {
  const seen = { lazy: [] as Change[], required: [] as Change[], facts: [] as object[], released: 0, done: 0 };
  const facts = newFacts();
  facts.on('storeOnOtherMachine', (fact) => seen.facts.push(fact));
  const commits: (() => void)[] = [];
  const owner = new StoreOwner(
    {
      clock: new StepClock(),
      facts,
      committer: {
        addLazy: (change) => seen.lazy.push(change),
        require: (changes, _, then) => {
          seen.required.push(...changes);
          commits.push(then);
        },
      },
      release: () => {
        seen.released += 1;
      },
    },
    known,
    found,
  );
  owner.start();
  const adopt = (): boolean =>
    owner.adopt(() => {
      seen.done += 1;
    });
  return { owner, seen, adopt, commit: () => commits.shift()?.() };
}

describe('a store', () => {
  it('without an owner belongs to this machine from now on', () => {
    const { owner, seen, adopt } = openOwner(undefined);
    expect([owner.isHeld, seen.lazy, seen.facts]).toEqual([false, [{ kind: 'machine', evidence: HERE }], []]);
    expect(adopt()).toBe(false);
  });

  it('of this machine is not written again', () => {
    const { owner, seen } = openOwner(HERE);
    expect([owner.isHeld, seen.lazy, seen.facts]).toEqual([false, [], []]);
  });

  it('of this machine gets the new evidence, and keeps what is not shown now', () => {
    const { seen } = openOwner(HERE, { ...HERE, medium: '', adapters: 'a9' });
    expect(seen.lazy).toEqual([{ kind: 'machine', evidence: { ...HERE, adapters: 'a9' } }]);
  });

  it('on a moved card goes on, with its new owner', () => {
    const { owner, seen } = openOwner({ ...ELSEWHERE, medium: 'm1' });
    expect(owner.isHeld).toBe(false);
    expect(seen.lazy).toEqual([{ kind: 'machine', evidence: HERE }]);
    expect(seen.facts).toEqual([{ verdict: 'moved', differences: 'board serial number, network adapters' }]);
  });

  it('is not checked if the machine is not examined', () => {
    const owner = new StoreOwner(
      {
        clock: new StepClock(),
        facts: newFacts(),
        committer: { addLazy: () => expect.unreachable(), require: () => expect.unreachable() },
        release: () => expect.unreachable(),
      },
      ELSEWHERE,
      undefined,
    );
    owner.start();
    expect([owner.isHeld, owner.differences]).toEqual([false, []]);
  });
});

describe('a copy', () => {
  it('is held, keeps its old owner, and says what differs', () => {
    const { owner, seen } = openOwner(ELSEWHERE);
    expect([owner.isHeld, seen.lazy, seen.required]).toEqual([true, [], []]);
    expect(owner.differences).toEqual(['board serial number', 'card or disk', 'network adapters']);
    expect(seen.facts).toMatchObject([{ verdict: 'copied' }]);
  });

  it('is released by adopting, once the new owner is durable, and once only', () => {
    const { owner, seen, adopt, commit } = openOwner(ELSEWHERE);
    expect(adopt()).toBe(true);
    expect([seen.required, seen.released, seen.done]).toEqual([[{ kind: 'machine', evidence: HERE }], 0, 0]);
    expect(adopt()).toBe(false);
    commit();
    expect([owner.isHeld, seen.released, seen.done]).toEqual([false, 1, 1]);
  });

  it('is held until that commit', () => {
    const { owner, adopt, commit } = openOwner(ELSEWHERE);
    adopt();
    expect(owner.isHeld).toBe(true);
    commit();
    expect(owner.isHeld).toBe(false);
  });
});
