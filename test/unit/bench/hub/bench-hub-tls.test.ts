/** Authentication by TLS at the bench hub: it is accepted for the proved device only. */
import { describe, expect, it } from 'vitest';
import { MAINLAND } from '../../../../src/bench/hub/bench-rules.ts';
import { ConnectChecks } from '../../../../src/bench/hub/connect-checks.ts';
import { Registry } from '../../../../src/bench/hub/device-registry.ts';
import type { Connect } from '../../../../src/codec/mqtt.ts';

const RULES = { ...MAINLAND, credentials: new Map([['gw', 'AAECAwQFBgcICQoLDA0ODw==']]) };
const CONNECT: Connect = {
  ...{ kind: 'connect', clientId: 'gw', cleanSession: false, keepAliveS: 60 },
  ...{ username: 'gw;12010126;A1B2C;2147483647', password: undefined, will: undefined },
};

const judge = (proven: string | undefined) =>
  new ConnectChecks(RULES, new Registry(RULES)).judge(CONNECT, {
    connection: { number: 1, proven },
    nowMs: 0,
    wallMs: 0,
  });

describe('a device without a password', () => {
  it.each([
    ['is accepted if TLS has proved its identity', 'gw', { kind: 'admitted', clientId: 'gw' }],
    ['is rejected if TLS has proved another identity', 'gw2', { kind: 'refused', code: 3 }],
    ['is rejected without a proof by TLS', undefined, { kind: 'refused', code: 4 }],
  ])('%s', (_, proven, judgement) => {
    expect(judge(proven)).toMatchObject(judgement);
  });
});
