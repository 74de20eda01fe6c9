/** Check of the owner of the store: is the store one of this machine, or a copy of that of another one? */
import { compareMachines, differencesBetween } from '../base/machine-identity.ts';
import { EVIDENCE_ROOTS, readMachineEvidence } from '../io/machine-evidence.ts';
import { readStoreOffline } from '../store/offline.ts';
import { type Check, fail, ok, skipped } from './check.ts';
import { folderOf } from './storage-device.ts';

const DECIDE =
  'If this machine replaces the other one: start the gateway, then holdfast adopt. If the other one still runs: see docs/cloned-cards.md.';

export const storageOwner: Check = {
  id: 'storage.owner',
  about: 'the store belongs to this machine, and is no copy of that of another one',
  msMax: 15_000,
  run: async (input) => {
    const { id } = storageOwner;
    const { gateway, machine } = input;
    if (gateway.kind === 'running') {
      const copy = gateway.status.conditions.find(({ code }) => code === 'cloned-store');
      return [copy === undefined ? ok(id, 'The store belongs to this machine.') : fail(id, copy.sentence, DECIDE)];
    }
    const folder = await folderOf(input);
    if ('why' in folder) return [skipped(id, folder.why)];
    const reading = await readStoreOffline(folder.path);
    if (reading === undefined) return [skipped(id, `There is no store in ${folder.path} yet.`)];
    if (reading.machine === undefined)
      return [skipped(id, 'The store does not name its machine yet: start the gateway.')];
    const found = readMachineEvidence(folder.path, { ...EVIDENCE_ROOTS, proc: machine.proc, sys: machine.sys });
    const verdict = compareMachines(reading.machine, found);
    if (verdict === 'same') return [ok(id, 'The store belongs to this machine.')];
    const differ = `other ${differencesBetween(reading.machine, found).join(', ')}`;
    return verdict === 'moved'
      ? [ok(id, `The card or disk was moved to this machine (${differ}); the next start records that.`)]
      : [fail(id, `The store was written on another machine (${differ}): it may be a copy.`, DECIDE)];
  },
};
