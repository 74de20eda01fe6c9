/** Terms of `config apply`: changes that are refused, or that need a restart or a confirmation by an operator. */
import { refusal } from '../ops/api/administration.ts';

export interface ApplyRequest {
  /** Time for the confirmation of an operator, ms; `undefined`: automatic confirmation. */
  readonly confirmMs: number | undefined;
  /** True if the process may restart for the change. */
  readonly restart: boolean;
  /** User who sent the command; `undefined`: unknown, or a signal. */
  readonly by: string | undefined;
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
  { restart: isAllowed }: ApplyRequest,
  restart: Restart | undefined,
): Restart {
  const named = `${keys.slice(0, NAMED_MAX).join(', ')}${keys.length > NAMED_MAX ? ', …' : ''}`;
  if (keys.includes('gateway.state_dir'))
    throw refusal(
      'A change of gateway.state_dir cannot be rolled back, because the store would be another one; nothing was changed',
      'Stop the gateway, move the directory, then start it: systemctl stop holdfast.',
    );
  const warning = keys.includes('gateway.name') ? NEW_IDENTITY : '';
  if (!isAllowed)
    throw refusal(
      `A change of ${named} needs a restart; nothing was changed`,
      `holdfast config apply --restart restarts the gateway and rolls back if the new configuration does not work; systemctl restart holdfast has no trial.${warning}`,
    );
  if (restart !== undefined) return restart;
  throw refusal(
    `A change of ${named} needs a restart, and no service manager would start the gateway again; nothing was changed`,
    `Stop the gateway and start it again.${warning}`,
  );
}

/**
 * Refuses to remove what works without a confirmation by an operator: an automatic confirmation tests only what the new
 * configuration has. @param removed text of the parts that work and are removed. @throws Fault `command-rejected`
 */
export function refuseRemoval({ confirmMs }: ApplyRequest, removed: string | undefined): void {
  if (removed === undefined || confirmMs !== undefined) return;
  throw refusal(
    `The file removes ${removed}; nothing was changed`,
    'If this is intended: sudo holdfast config apply --confirm 5m, then sudo holdfast config confirm. Otherwise correct the file.',
  );
}
