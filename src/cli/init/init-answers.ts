/** Options and answers from which `holdfast init` writes a configuration, and the check of one answer by the table of keys. */
import type { HubProfile } from '../../config/hub/profiles.ts';
import { keyRow } from '../../config/key-table.ts';
import { LISTS, TABLES } from '../../config/keys.ts';

export interface InitOptions {
  readonly name?: string;
  readonly profile?: string;
  readonly host?: string;
  readonly hubPort?: number;
  readonly tls?: true;
  readonly productId?: string;
  readonly deviceName?: string;
  readonly username?: string;
  readonly secretFile?: string;
  /** Stable names or devices of ports. */
  readonly port: readonly string[];
  readonly driver?: string;
  readonly baudRate?: number;
  readonly subdevice: readonly string[];
  /** Time for listening on a port at one speed, ms. */
  readonly listen: number;
}

export interface InitSubdevice {
  readonly id: string;
  /** `undefined` with profile generic. */
  readonly productId: string | undefined;
  readonly deviceName: string | undefined;
}

export interface InitLink {
  readonly name: string;
  /** Stable name of the port. */
  readonly path: string;
  readonly baudRate: number;
  /** Name of the driver. */
  readonly driver: string;
  readonly subdevice: InitSubdevice;
}

export interface InitAnswers {
  readonly name: string;
  readonly profile: HubProfile;
  readonly host: string;
  /** `undefined`: the usual one. */
  readonly port: number | undefined;
  readonly tls: 'off' | 'on';
  /** `undefined` with profile generic. */
  readonly productId: string | undefined;
  readonly deviceName: string | undefined;
  /** MQTT user name; `undefined`: none, or a hub profile. */
  readonly username: string | undefined;
  /** File with the password or with the device secret; `undefined`: none is needed. */
  readonly secretFile: string | undefined;
  readonly links: readonly InitLink[];
}

/** Returns what is wrong with an answer, as a sentence; `undefined`: nothing. @param key `hub.host` */
export function answerProblem(key: string, value: unknown): string | undefined {
  const [section = '', name = ''] = key.split('.');
  const schema = new Map(Object.entries({ ...TABLES, ...LISTS })).get(section)?.shape;
  const keySchema = new Map(Object.entries(schema ?? {})).get(name);
  if (keySchema === undefined) throw new Error(`${key} is not a key`);
  if (keySchema.safeParse(value).success) return undefined;
  return `Allowed: ${keyRow(section, name)?.type}.`;
}
