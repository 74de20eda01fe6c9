/** Terms of `config apply`: changes that are refused, or that need a restart or a confirmation by an operator. */

import type { Fault } from '../base/fault.ts';
import type { HubPatch } from '../base/hub-configuration.ts';
import { changesBetween, type LoadedConfig } from '../config/config-changes.ts';
import type { Problem } from '../config/kinds/problem.ts';
import type { SavedTrial } from '../io/saved-config.ts';
import { refusal } from '../ops/api/administration.ts';
import { countOf } from '../ops/words.ts';
import type { ConfigSource } from './config-source.ts';

export interface ApplyRequest {
  /** Time for the confirmation of an operator, ms; `undefined`: automatic confirmation. */
  readonly confirmMs: number | undefined;
  /** True if the process may restart for the change. */
  readonly restart: boolean;
  /** User who sent the command; `undefined`: unknown, or a signal. */
  readonly by: string | undefined;
  /** Changes of the hub to apply over the file; absent: those that are in effect stay. */
  readonly hub?: HubPatch | undefined;
}

/** Function that ends the process, so that it starts again. */
type Restart = (reason: string) => void;

const NAMED_MAX = 5;
const NEW_IDENTITY =
  ' Another gateway.name changes the topics, and also the client id and the session at the hub if they are derived from it.';

/**
 * @param keys keys whose change needs a restart
 * @param restart `undefined`: no service manager would start the process again
 * @throws Fault `command-rejected`
 */
export function restartFor(
  keys: readonly string[],
  { restart: isAllowed, hub }: ApplyRequest,
  restart: Restart | undefined,
): Restart {
  const named = firstOf(keys);
  if (keys.includes('gateway.state_dir'))
    throw refusal(
      'A change of gateway.state_dir cannot be rolled back, because the store would be another one; nothing was changed',
      'Stop the gateway, move the directory, then start it: systemctl stop holdfast.',
    );
  const warning = keys.includes('gateway.name') ? NEW_IDENTITY : '';
  if (!isAllowed && hub !== undefined)
    throw refusal(
      `A change of ${named} needs a restart; nothing was changed`,
      'Send "restart": true with a new version.',
    );
  if (!isAllowed)
    throw refusal(
      `A change of ${named} needs a restart; nothing was changed`,
      `holdfast config apply --restart restarts the gateway and rolls back if the new configuration does not work; systemctl restart holdfast has no trial.${warning}`,
    );
  if (restart !== undefined) return restart;
  throw refusal(
    `A change of ${named} needs a restart, and no service manager would start the gateway again; nothing was changed`,
    hub === undefined
      ? `Stop the gateway and start it again.${warning}`
      : 'Run holdfast as a systemd service (systemd/README.md), or change these keys in the file on site.',
  );
}

/**
 * Refuses to remove what works without a confirmation by an operator: an automatic confirmation tests only what the new
 * configuration has. @param removed text of the parts that work and are removed. @throws Fault `command-rejected`
 */
export function refuseRemoval({ confirmMs, hub }: ApplyRequest, removed: string | undefined): void {
  if (removed === undefined || confirmMs !== undefined) return;
  if (hub !== undefined)
    throw refusal(
      `The configuration of the hub removes ${removed}; nothing was changed`,
      'If this is intended, send "confirm_s" with a new version, and confirm it with the command config-confirm.',
    );
  throw refusal(
    `The file removes ${removed}; nothing was changed`,
    'If this is intended: sudo holdfast config apply --confirm 5m, then sudo holdfast config confirm. Otherwise correct the file.',
  );
}

/** Longest time in which the hub and the links must work again, ms. */
export const RETURN_MS_MAX = 60_000;

/** @param isSame true if no value differs, so nothing is left to confirm */
export function termsOf({ confirmMs }: ApplyRequest, isSame: boolean): Pick<SavedTrial, 'forMs' | 'confirmation'> {
  return confirmMs === undefined || isSame
    ? { forMs: RETURN_MS_MAX, confirmation: 'automatic' }
    : { forMs: confirmMs, confirmation: 'operator' };
}

function firstOf(keys: readonly string[]): string {
  return `${keys.slice(0, NAMED_MAX).join(', ')}${keys.length > NAMED_MAX ? ', …' : ''}`;
}

/**
 * Refuses changes of the hub while the gateway does not run with its file: they would apply an edit that is not
 * finished, or a file that was rolled back. @param text of the file, with the changes of the hub that are in effect
 * @throws Fault `command-rejected`
 */
export function refuseOverEdit(
  running: LoadedConfig & { readonly text: string },
  text: string,
  source: ConfigSource,
): void {
  if (text === running.text) return;
  const parsed = source.parse(text);
  const keys = parsed.ok ? changesBetween(running, parsed).map(({ key }) => key) : undefined;
  if (keys?.length === 0) return;
  const why = keys === undefined ? 'is invalid' : `has changes (${firstOf(keys)})`;
  throw refusal(
    `The gateway does not run with its file, which ${why}; nothing was changed`,
    'On site, correct or apply the file: holdfast config diff, sudo holdfast config apply. Then send a new version.',
  );
}

/** Refusal of a file that is invalid, alone or with the changes of the hub. @param patch changes of the hub */
export function invalidFile(source: ConfigSource, patch: HubPatch | null, problems: readonly Problem[]): Fault {
  const count = countOf(problems.length, 'problem');
  const [first] = problems;
  if (patch === null || first === undefined || !source.parse(source.readFile()).ok)
    return refusal(`The file has ${count}; nothing was changed`, `Run: holdfast config check ${source.path}`);
  return refusal(
    `The file with version ${patch.version} of the configuration of the hub has ${count} (${first.path} ${first.what}); nothing was changed`,
    'Correct the file, or close the section to the hub: remove its name from remote.config.',
  );
}
