/** Commands of the administrative socket that change the configuration, and the same by SIGHUP. */
import { BY_SIGNAL } from '../base/events.ts';
import { Fault } from '../base/fault.ts';
import type { Journal } from '../io/journal.ts';
import { type AdminCommands, refusal } from '../ops/api/administration.ts';
import type { ConfigChanger } from './config-changer.ts';

/** Range of the time for a confirmation by an operator, ms. */
const CONFIRM_MS = { min: 1000, max: 86_400_000 } as const;

export function configCommands(changer: ConfigChanger): AdminCommands {
  return {
    'config.apply': async ({ confirmMs, restart }, by) =>
      changer.apply({ confirmMs: confirmMsOf(confirmMs), restart: restart === true, by }),
    'config.confirm': async (_, by) => changer.confirm(by),
    'config.rollback': async (_, by) => changer.rollBack(by),
  };
}

/** Commands of which `subdevices.forget` is refused for a subdevice that a rollback needs. */
export function withTrialGuard(changer: ConfigChanger, commands: AdminCommands): AdminCommands {
  const { 'subdevices.forget': forget } = commands;
  if (forget === undefined) throw new Error('no command ends the session of a subdevice');
  return {
    ...commands,
    'subdevices.forget': async (body, by) => {
      if (typeof body.subdevice === 'string' && changer.isNeededForRollback(body.subdevice))
        throw refusal(
          `The configuration is on trial, and a rollback needs the session and the downlinks of ${JSON.stringify(body.subdevice)}`,
          'Return with holdfast config rollback, or keep the configuration with holdfast config confirm; then run the command again.',
        );
      return await forget(body, by);
    },
  };
}

function confirmMsOf(given: unknown): number | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given === 'number' && given >= CONFIRM_MS.min && given <= CONFIRM_MS.max) return given;
  throw refusal(
    'The time for the confirmation is not valid',
    `Write {"confirmMs": 60000}; allowed: ${CONFIRM_MS.min} to ${CONFIRM_MS.max}.`,
  );
}

/** Applies the file after SIGHUP, with automatic confirmation. The journal has the reason if nothing was changed. */
export function applyOnSignal(changer: ConfigChanger | undefined, journal: Pick<Journal, 'warn'>): void {
  if (changer === undefined) return journal.warn('SIGHUP is ignored: the gateway has not started yet');
  changer.apply({ confirmMs: undefined, restart: false, by: BY_SIGNAL }).catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    journal.warn(`SIGHUP: the file was not applied. ${error.message}`, { hint: error.hint });
  });
}
