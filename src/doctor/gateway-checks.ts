/** Checks of the running gateway: answer, version, conditions, outbox. */

import type { Losing } from '../ops/reports/report.ts';
import { ageWords, countOf, durationWords } from '../ops/words.ts';
import { type Check, type CheckFinding, type CheckVerdict, fail, ok, skipped, warn } from './check.ts';

const NO_GATEWAY = 'No gateway answers.';

export const gatewayProcess: Check = {
  id: 'gateway.process',
  about: 'a gateway runs, answers, and has the version of this program',
  msMax: 3000,
  run: async ({ gateway, version }) => {
    const id = gatewayProcess.id;
    if (gateway.kind !== 'running') return [fail(id, `${gateway.fault.message}.`, gateway.fault.hint)];
    const { process } = gateway.status;
    const fact = `${process.gateway} ${process.version} runs as process ${process.pid} for ${durationWords(process.uptimeMs)}.`;
    if (process.version === version) return [ok(id, fact)];
    const older = `${fact} This program has version ${version}.`;
    return [warn(id, older, 'If the gateway was upgraded, restart it: systemctl restart holdfast')];
  },
};

const VERDICTS: Readonly<Record<Losing, CheckVerdict>> = {
  no: 'warn',
  'at risk': 'fail',
  unknown: 'fail',
  yes: 'fail',
};

export const gatewayConditions: Check = {
  id: 'gateway.condition',
  about: 'the gateway reports no condition',
  msMax: 1000,
  run: async ({ gateway }): Promise<readonly CheckFinding[]> => {
    const { id } = gatewayConditions;
    if (gateway.kind !== 'running') return [skipped(id, NO_GATEWAY)];
    const { conditions, sentence } = gateway.status;
    if (conditions.length === 0) return [ok(id, `Losing data? ${sentence}`)];
    return conditions.map(({ code, losing, sentence: fact, forMs, hint }) => ({
      id: `${id}:${code}`,
      verdict: VERDICTS[losing],
      facts: [`${fact} For ${durationWords(forMs)}.`],
      remedy: hint,
    }));
  },
};

/** A sentence on the oldest uplink is useful to see that the outbox moves. */
export const gatewayOutbox: Check = {
  id: 'gateway.outbox',
  about: 'the outbox is not nearly full',
  msMax: 1000,
  run: async ({ gateway }) => {
    const { id } = gatewayOutbox;
    if (gateway.kind !== 'running') return [skipped(id, NO_GATEWAY)];
    const { messages, messagesMax, bytes, bytesMax, oldest, overflow } = gateway.status.outbox;
    const share = Math.max(messages / Math.max(messagesMax, 1), bytes / Math.max(bytesMax, 1));
    const age = oldest === null ? '' : `, the oldest ${ageWords(oldest)}`;
    const fact = `${countOf(messages, 'message')} waiting${age}: ${Math.floor(share * 100)} % full.`;
    if (share < OUTBOX_SHARE_WARN) return [ok(id, fact)];
    return [warn(id, fact, `Restore the connection to the hub. When the outbox is full: overflow = "${overflow}".`)];
  },
};

const OUTBOX_SHARE_WARN = 0.8;
