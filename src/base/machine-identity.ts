/**
 * Identity of the machine and of the medium under a store, as evidence: four values, of which each may be unknown. A card
 * that was copied carries everything on it to the other machine, also /etc/machine-id.
 */

/** Kinds of evidence, in the order in which they are named. Values are hashes; '' is unknown. */
export const EVIDENCE = {
  /** Serial number of the board, from the device tree: a Raspberry Pi has one. */
  board: 'board serial number',
  /** Identity of the card or disk, which a copy of its content does not have. */
  medium: 'card or disk',
  /** /etc/machine-id. */
  machineId: 'machine id',
  /** Hardware addresses of the network adapters, separated by spaces. */
  adapters: 'network adapters',
} as const;

export type EvidenceKind = keyof typeof EVIDENCE;
export type MachineEvidence = Readonly<Record<EvidenceKind, string>>;

/**
 * `same`: the same machine, or no certain evidence of another one. `moved`: another machine with the same card or disk,
 * so the old machine does not have the store any more. `copied`: another machine, and the store may be a copy.
 */
export type MachineVerdict = 'same' | 'moved' | 'copied';

type Relation = 'same' | 'other' | 'unknown';

/** Number of kinds that must differ if the board has no serial number: a replaced adapter or a new machine id is one. */
const WEAK_DIFFERENCES_MIN = 2;

/** @param known of the store; @param found of this machine */
export function compareMachines(known: MachineEvidence, found: MachineEvidence): MachineVerdict {
  const relations = relationsOf(known, found);
  if (relations.board === 'same') return 'same';
  if (relations.board === 'other') return relations.medium === 'same' ? 'moved' : 'copied';
  if (relations.medium === 'same' || relations.adapters === 'same') return 'same';
  const differences = Object.values(relations).filter((relation) => relation === 'other').length;
  return differences >= WEAK_DIFFERENCES_MIN ? 'copied' : 'same';
}

/** Returns the kinds of evidence that differ, in words. */
export function differencesBetween(known: MachineEvidence, found: MachineEvidence): string[] {
  const relations = relationsOf(known, found);
  return kinds().flatMap((kind) => (relations[kind] === 'other' ? [EVIDENCE[kind]] : []));
}

/** Returns the evidence to be stored: what this machine shows, and what was known if it does not show it now. */
export function mergedEvidence(known: MachineEvidence, found: MachineEvidence): MachineEvidence {
  const merged = { ...known };
  for (const kind of kinds()) merged[kind] = found[kind] === '' ? known[kind] : found[kind];
  return merged;
}

export function isSameEvidence(one: MachineEvidence, other: MachineEvidence): boolean {
  return kinds().every((kind) => one[kind] === other[kind]);
}

function kinds(): EvidenceKind[] {
  return Object.keys(EVIDENCE) as EvidenceKind[];
}

function relationsOf(known: MachineEvidence, found: MachineEvidence): Record<EvidenceKind, Relation> {
  return {
    board: relationOf(known.board, found.board),
    medium: relationOf(known.medium, found.medium),
    machineId: relationOf(known.machineId, found.machineId),
    adapters: adaptersRelation(known.adapters, found.adapters),
  };
}

function relationOf(known: string, found: string): Relation {
  if (known === '' || found === '') return 'unknown';
  return known === found ? 'same' : 'other';
}

/** One adapter in common is enough: adapters are added and removed. */
function adaptersRelation(known: string, found: string): Relation {
  if (known === '' || found === '') return 'unknown';
  const present = new Set(found.split(' '));
  return known.split(' ').some((adapter) => present.has(adapter)) ? 'same' : 'other';
}
