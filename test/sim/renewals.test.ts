/**
 * Renewals of the password in whole worlds: the gateway connects again and again with a new password. In a quiet world no
 * message is lost, shed or delivered twice, and nothing looks like an outage. In rough worlds all guarantees hold.
 */
import { expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import { shedTotal } from '../../src/custody/ledger.ts';
import type { Clock, OpenChannel } from '../../src/ports.ts';
import { ROUGH } from './expect-healthy.ts';
import { drawScenario, randomOf, type Scenario } from './scenario.ts';
import { live, type Outcome } from './simulate.ts';
import type { Sabotage } from './world.ts';

const RENEW_S = 20;
/** Longer than the virtual network needs to carry bytes. */
const CLOSE_MS = 50;

/** Reports of the gateways of a world about their renewals. */
class Renewals {
  renewed = 0;
  /** Packets without an answer at a DISCONNECT. */
  unsettled = 0;
  failed = 0;
  lost = 0;
  gaps = 0;
  connected = 0;
  #gateway: Gateway | undefined;

  /** Uplinks that the last gateway has shed, with QoS 0 too. */
  get shed(): number {
    const uplinks = this.#gateway?.stations.uplinks;
    if (uplinks === undefined) return 0;
    return [...uplinks.lanes()].reduce((sum, { lane }) => sum + shedTotal(uplinks.counts(lane)), 0);
  }

  watch(gateway: Gateway): void {
    const { facts } = gateway.parts;
    this.#gateway = gateway;
    facts.on('passwordRenewed', ({ unsettled }) => {
      this.renewed += 1;
      this.unsettled += unsettled;
    });
    facts.on('passwordJudged', ({ problem }) => {
      if (problem !== undefined) this.failed += 1;
    });
    facts.on('hubConnected', () => {
      this.connected += 1;
    });
    for (const name of ['hubLost', 'hubUnreachable', 'hubRefused'] as const)
      facts.on(name, () => {
        if (!gateway.isStopping) this.lost += 1;
      });
    facts.on('possibleGap', () => {
      this.gaps += 1;
    });
  }
}

/** @param failing share of the tries that obtain no password */
function withRenewals(seed: number, renewals: Renewals, failing: number, alter?: (gateway: Gateway) => void): Sabotage {
  return {
    alter: (parts) => withPasswords(parts, seed, failing),
    patch: (gateway) => {
      renewals.watch(gateway);
      alter?.(gateway);
    },
  };
}

function withPasswords(parts: GatewayParts, seed: number, failing: number): GatewayParts {
  const { clock, config, credentials } = parts;
  const random = randomOf(seed, `passwords from ${clock.nowMs()}`);
  const own = {
    kind: 'password',
    username: 'u',
    passwordFile: undefined,
    passwordCommand: undefined,
    renewS: RENEW_S,
  } as const;
  let obtainedAtMs: number | undefined;
  const supply = {
    get obtainedAtMs() {
      return obtainedAtMs;
    },
    renew: () =>
      new Promise<string | undefined>((resolve) =>
        clock.wakeAt(clock.nowMs() + random() * 3000, () => {
          obtainedAtMs = clock.nowMs();
          resolve(random() < failing ? 'hub.password_command failed' : undefined);
        }),
      ),
  };
  return {
    ...parts,
    config: { ...config, hub: { ...config.hub, credentials: own } },
    credentials,
    passwords: () => supply,
    openHub: withOrderlyClose(parts.openHub, clock),
  };
}

/** The virtual network drops at a close what it still carries. TCP delivers what was written before the close. */
function withOrderlyClose(open: OpenChannel, clock: Clock): OpenChannel {
  return (listener) => {
    const channel = open(listener);
    let isClosing = false;
    return {
      write: (bytes) => {
        if (!isClosing) channel.write(bytes);
      },
      get queuedBytes() {
        return channel.queuedBytes;
      },
      close: (reason) => {
        isClosing = true;
        clock.wakeAt(clock.nowMs() + CLOSE_MS, () => channel.close(reason));
      },
    };
  };
}

/** World without troubles and with dense traffic in both directions. */
function quiet(seed: number): Scenario {
  const drawn = drawScenario({ seed, hours: 0.5, trouble: 0, subdevices: 4 });
  return { ...drawn, profile: 'generic', uplinkEveryMs: 300, downlinkEveryMs: 150, qos0Share: 0.2 };
}

function timelineOf({ timeline }: Outcome): string {
  return timeline.slice(-40).join('\n');
}

it.each([1, 2, 3])('a quiet world has no loss, no duplicate and no outage (seed %i)', async (seed) => {
  const renewals = new Renewals();
  const outcome = await live(quiet(seed), withRenewals(seed, renewals, 0.2));
  expect(outcome.problems, timelineOf(outcome)).toEqual([]);
  expect({ duplicates: outcome.duplicates, shed: renewals.shed }).toEqual({ duplicates: 0, shed: 0 });
  expect(renewals.renewed).toBeGreaterThan(40);
  expect(renewals.failed, 'tries without a password keep the connection').toBeGreaterThan(3);
  expect({ ...renewals, renewed: 0, failed: 0 }).toEqual({ ...new Renewals(), connected: 1 });
  expect(outcome.uplinks).toBeGreaterThan(10_000);
});

it('a renewal that cuts the connection without waiting delivers messages twice (negative control)', async () => {
  const renewals = new Renewals();
  const outcome = await live(
    quiet(1),
    withRenewals(1, renewals, 0, ({ hubSender }) => {
      hubSender.suspend = () => undefined;
      Object.defineProperty(hubSender, 'unanswered', { get: () => 0 });
    }),
  );
  expect(outcome.problems, timelineOf(outcome)).toEqual([]);
  expect(renewals.renewed).toBeGreaterThan(40);
  expect(outcome.duplicates).toBeGreaterThan(0);
});

it('a renewal by an ordinary reconnect is an outage (negative control)', async () => {
  const renewals = new Renewals();
  const outcome = await live(
    quiet(1),
    withRenewals(1, renewals, 0, ({ hub }) => {
      const command = hub.command.bind(hub);
      hub.command = (next) =>
        command(next.kind === 'renew' ? { kind: 'leave', reason: 'renewal', disconnects: true } : next);
    }),
  );
  expect(renewals.lost).toBeGreaterThan(40);
  expect(renewals.connected).toBeGreaterThan(40);
  expect(outcome.problems, timelineOf(outcome)).toEqual([]);
  expect(renewals.shed, 'messages with QoS 0').toBeGreaterThan(0);
});

it('rough worlds with renewals have no problem (seeds 1 to 6)', async () => {
  const renewals = new Renewals();
  let uplinks = 0;
  for (let seed = 1; seed <= 6; seed += 1) {
    const scenario: Scenario = { ...drawScenario({ ...ROUGH, seed }), profile: 'generic' };
    const outcome = await live(scenario, withRenewals(seed, renewals, 0.2));
    expect(outcome.problems, `seed ${seed}\n${timelineOf(outcome)}`).toEqual([]);
    uplinks += outcome.uplinks;
  }
  expect(renewals.renewed).toBeGreaterThan(50);
  expect(uplinks).toBeGreaterThan(300);
});
