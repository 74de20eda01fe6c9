/** Commands of the administrative socket for limits of the backlog (`flow/backlog-control.ts`). */
import { BACKLOG_LIMITS } from '../base/backlog-limits.ts';
import { type AdminCommands, refusal } from '../ops/api/administration.ts';
import type { BacklogReport } from '../ops/reports/report.ts';
import { durationWords } from '../ops/words.ts';
import type { Gateway } from './gateway.ts';
import { runInMailbox } from './in-mailbox.ts';

export function backlogCommands(gateway: Gateway): AdminCommands {
  return {
    'backlog.pause': async ({ forMs }, by) => limit(gateway, 0, durationIn('pause', forMs), by),
    'backlog.resume': async (_, by) => end(gateway, 'pause', by),
    'backlog.rate': async ({ perS, forMs }, by) => limit(gateway, rateIn(gateway, perS), durationIn('rate', forMs), by),
    'backlog.rate-default': async (_, by) => end(gateway, 'rate', by),
  };
}

function limit(gateway: Gateway, perS: number, forMs: number, by: string | undefined): Promise<BacklogReport> {
  return runInMailbox(
    gateway,
    () =>
      new Promise((resolve) => {
        gateway.backlog.set(perS, forMs, () => resolve(answerOf(gateway)));
        const action = perS === 0 ? 'backlog pause' : 'backlog rate';
        const rate = perS === 0 ? '' : `${perS} messages/s `;
        const detail = `${rate}for ${durationWords(forMs)}`;
        gateway.parts.facts.emit('operatorActed', { action, subject: '', detail, by });
      }),
  );
}

function end(gateway: Gateway, kind: 'pause' | 'rate', by: string | undefined): Promise<BacklogReport> {
  return runInMailbox(
    gateway,
    () =>
      new Promise((resolve) => {
        if (!gateway.backlog.end(kind, () => resolve(answerOf(gateway))))
          throw refusal(
            kind === 'pause' ? 'The backlog is not paused' : 'The backlog has no lower rate',
            'holdfast outbox shows the limits of the backlog.',
          );
        const action = kind === 'pause' ? 'backlog resume' : 'backlog rate default';
        gateway.parts.facts.emit('operatorActed', { action, subject: '', detail: '', by });
      }),
  );
}

function answerOf({ backlog, stations }: Gateway): BacklogReport {
  return { ...backlog.state, messages: stations.uplinks.pending };
}

function durationIn(kind: 'pause' | 'rate', forMs: unknown): number {
  const { forMsMin, forMsMax } = BACKLOG_LIMITS[kind];
  if (Number.isSafeInteger(forMs) && Number(forMs) >= forMsMin && Number(forMs) <= forMsMax) return Number(forMs);
  throw refusal(
    'Missing or invalid "forMs" in the request',
    `Write a whole number of ms from ${forMsMin} to ${forMsMax}.`,
  );
}

/** Returns messages per second with one decimal place, below the limit of the hub. */
function rateIn(gateway: Gateway, perS: unknown): number {
  const { messagesPerS } = gateway.config.hub;
  const rounded = typeof perS === 'number' ? Math.round(perS * 10) / 10 : Number.NaN;
  const { perSMin, perSMax } = BACKLOG_LIMITS.rate;
  const max = messagesPerS === 0 ? perSMax : messagesPerS;
  if (rounded >= perSMin && rounded <= max) return rounded;
  const whose = messagesPerS === 0 ? '' : ' (messages_per_s of the hub)';
  throw refusal(
    `The rate of the backlog must be from ${perSMin} to ${max} messages/s${whose}`,
    'Use a rate in this range; holdfast backlog pause sends none of it, holdfast backlog rate default ends the limit.',
  );
}
