/**
 * Rules of the password with profile generic: its sources, and its renewal. The hub profiles have no such keys
 * (`hub-rules.ts`), because the gateway signs a new password for each CONNECT there.
 */
import type { Problem } from '../kinds/problem.ts';
import type { HubSection } from './hub-keys.ts';
import { PROFILE_DEFAULTS } from './profiles.ts';

/** Rules of this file, for `hub-rules.ts`. */
export const PASSWORD_RULES: readonly ((hub: HubSection) => readonly Problem[])[] = [
  usernameProblems,
  sourceProblems,
  programProblems,
  renewalProblems,
  renewalPauseProblems,
];

/** Reports a password without a user name [MQTT-3.1.2-22]. */
function usernameProblems({
  profile,
  username,
  password_file: file,
  password_command: command,
}: HubSection): Problem[] {
  if (profile !== 'generic' || username !== undefined || (file ?? command) === undefined) return [];
  const source = file === undefined ? 'password_command' : 'password_file';
  return [{ path: 'hub.username', what: `is missing, but ${source} is set`, hint: 'Add the user name.' }];
}

function sourceProblems({ profile, password_file: file, password_command: command }: HubSection): Problem[] {
  if (profile !== 'generic' || file === undefined || command === undefined) return [];
  const hint = 'A password has one source: remove one of the two keys.';
  return [{ path: 'hub.password_command', what: 'is set together with password_file', hint }];
}

function programProblems({ password_command: command }: HubSection): Problem[] {
  const [program] = command ?? [];
  const path = 'hub.password_command';
  const hint =
    'Write the absolute path of the program as the first text, and each argument as a text of its own: ["/usr/local/bin/token", "--hub", "h"]. There is no shell and no PATH.';
  const isNul = command?.some((word) => word.includes('\0')) === true;
  return [
    ...(program === undefined || program.startsWith('/')
      ? []
      : [{ path, what: 'does not begin with an absolute path', hint }]),
    ...(isNul ? [{ path, what: 'has a text with a NUL character', hint }] : []),
  ];
}

function renewalProblems(hub: HubSection): Problem[] {
  const { profile, password_renew_s: renewS, password_file: file, password_command: command } = hub;
  if (profile !== 'generic' || renewS === undefined || (file ?? command) !== undefined) return [];
  const hint = 'Add password_command or password_file, or remove this key.';
  return [{ path: 'hub.password_renew_s', what: 'has no effect without a source of passwords', hint }];
}

/** A renewal connects again at once, and still not within the shortest pause after the last CONNECT. */
function renewalPauseProblems({ profile, password_renew_s: renewS, reconnect_floor_ms: ownMs }: HubSection): Problem[] {
  const floorMs = ownMs ?? PROFILE_DEFAULTS[profile].reconnect_floor_ms;
  if (profile !== 'generic' || renewS === undefined || renewS * 500 >= floorMs) return [];
  const hint = `Increase this value to ${Math.ceil(floorMs / 500)} or more, or decrease reconnect_floor_ms.`;
  return [
    { path: 'hub.password_renew_s', what: `is ${renewS}, less than twice reconnect_floor_ms (${floorMs})`, hint },
  ];
}
