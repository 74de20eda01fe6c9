/** Device profiles as the command line reports them. */

import type { ProfileText } from '../config/device-profiles/attached-profiles.ts';
import type { DeviceProfile } from '../config/device-profiles/device-profile.ts';
import { readProfile } from '../config/device-profiles/profile-file.ts';
import type { Problem } from '../config/kinds/problem.ts';

export interface ProfileSummary {
  readonly id: string;
  readonly file: string;
  /** Shipped file with the same id, which this one replaces; `null`: none. */
  readonly replaces: string | null;
  /** `null`: the file has problems. */
  readonly name: string | null;
  readonly vendor: string | null;
  /** Title and version of the public manual. */
  readonly source: string | null;
  readonly notes: string | null;
  /** Factory settings, as far as the file has them. */
  readonly serial: {
    readonly baudRate: number | null;
    readonly parity: string | null;
    readonly stopBits: number | null;
  };
  readonly points: readonly ProfilePoint[];
  readonly problems: readonly Problem[];
}

/** A point with the keys that a reader looks for; `null`: the file does not have the key. */
export interface ProfilePoint {
  readonly name: string;
  readonly table: string;
  readonly address: number;
  readonly type: string | null;
  readonly scale: number | null;
  readonly unit: string | null;
  readonly pollMs: number | null;
}

/** @param id id of the file; `undefined`: that in the file */
export function summaryOf(text: ProfileText, id: string | undefined): ProfileSummary {
  const { profile, problems } = readProfile(text, id);
  const { file, replaces = null } = text;
  const head = profile?.head;
  const { baud_rate = null, parity = null, stop_bits = null } = profile?.serial ?? {};
  return {
    id: head?.id ?? id ?? '',
    file,
    replaces,
    name: head?.name ?? null,
    vendor: head?.vendor ?? null,
    source: head?.source ?? null,
    notes: head?.notes ?? null,
    serial: { baudRate: baud_rate, parity, stopBits: stop_bits },
    points: profile === undefined ? [] : pointsOf(profile),
    problems,
  };
}

function pointsOf({ points }: DeviceProfile): ProfilePoint[] {
  return [...points].map(([name, { written }]) => ({
    name,
    table: String(written.table),
    address: Number(written.address),
    type: textOf(written.type),
    scale: numberOf(written.scale),
    unit: textOf(written.unit_of_measurement),
    pollMs: numberOf(written.poll_ms),
  }));
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
