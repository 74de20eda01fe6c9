/**
 * Commands of the administrative socket for a backup. The reader copies the database file itself, while the gateway keeps
 * the file still: so the gateway neither writes nor reads a second copy.
 */
import { join } from 'node:path';
import { type AdminCommands, refusal } from '../ops/api/administration.ts';
import type { BackupSource } from '../ops/reports/backup-source.ts';
import { printable } from '../ops/words.ts';
import { STORE_FILE } from '../store/state-files.ts';
import type { Gateway } from './gateway.ts';

const TARGET_LENGTH_MAX = 200;

export function backupCommands(gateway: Gateway): AdminCommands {
  const { store, stations, parts } = gateway;
  return {
    'backup.begin': async (): Promise<BackupSource> => ({
      ...(await store.still({ step: 'begin', turn: 0 })),
      gateway: gateway.config.gateway.name,
      path: join(gateway.config.gateway.stateDir, STORE_FILE),
      isClockTrusted: stations.wallClock.isTrusted,
    }),
    'backup.keep': async ({ turn }) => store.still({ step: 'keep', turn: turnIn(turn) }),
    'backup.end': async ({ turn }) => store.still({ step: 'end', turn: turnIn(turn) }),
    'backup.written': async ({ target }, by) => {
      const detail = typeof target === 'string' ? printable(target).slice(-TARGET_LENGTH_MAX) : '';
      parts.facts.emit('operatorActed', { action: 'backup', subject: '', detail, by });
      return { noted: true };
    },
  };
}

function turnIn(turn: unknown): number {
  if (Number.isSafeInteger(turn)) return Number(turn);
  throw refusal('Missing "turn" in the request', 'Write the turn that backup.begin has answered.');
}
