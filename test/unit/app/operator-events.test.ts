/** Every command of the administrative socket that changes something is an event with the user who sent it. */
import { describe, expect, it } from 'vitest';
import { adminCommandsFor, recorderCommands } from '../../../src/app/admin-commands.ts';
import { custodyCommands } from '../../../src/app/custody-commands.ts';
import type { Gateway } from '../../../src/app/gateway.ts';
import { newFacts } from '../../../src/base/events.ts';
import { identityKey } from '../../../src/base/hub-identity.ts';
import type { AdminCommands } from '../../../src/ops/api/administration.ts';
import type { Recordings } from '../../../src/ops/recordings.ts';

const USER = 'anna';
const EVERYTHING = {};

/** Body that the command accepts, and the action of its event. */
const CHANGING: Readonly<Record<string, readonly [action: string, body: object]>> = {
  'dead-letters.retry': ['dead-letters retry', { letters: 'all' }],
  'dead-letters.drop': ['dead-letters drop', { letters: [1] }],
  'gap.acknowledge': ['acknowledge-gap', {}],
  'loss.acknowledge': ['acknowledge-loss', {}],
  'store.adopt': ['adopt', {}],
  'subdevices.forget': ['subdevices forget', { subdevice: 'a' }],
  'hub.bind': ['hub bind', { subdevices: ['a'] }],
  'hub.unbind': ['hub unbind', { subdevices: ['a'] }],
  'hub.release': ['hub subscriptions release', { names: ['gw/a/t'] }],
  'backlog.pause': ['backlog pause', { forMs: 3_600_000 }],
  'backlog.resume': ['backlog resume', {}],
  'backlog.rate': ['backlog rate', { perS: 1, forMs: 3_600_000 }],
  'backlog.rate-default': ['backlog rate default', {}],
  'backup.written': ['backup', { target: '/mnt/b' }],
  'firmware.retry': ['firmware retry', { subdevice: 'a' }],
  'firmware.cancel': ['firmware cancel', { subdevice: 'a' }],
  'note.add': ['mark', { text: 'replaced the cable' }],
  'send.uplink': ['send uplink', { subdevice: 'a', topic: 't', payload: '' }],
  'send.downlink': ['send downlink', { subdevice: 'a', topic: 't', payload: '' }],
  'outbox.hold': ['outbox hold', EVERYTHING],
  'inbox.hold': ['inbox hold', EVERYTHING],
  'outbox.release': ['outbox release', EVERYTHING],
  'inbox.release': ['inbox release', EVERYTHING],
  'outbox.retry': ['outbox retry', EVERYTHING],
  'inbox.retry': ['inbox retry', EVERYTHING],
  'outbox.drop': ['outbox drop', { after: 0, upTo: 9 }],
  'inbox.drop': ['inbox drop', { after: 0, upTo: 9 }],
  'recorder.freeze': ['record', {}],
};

/** Commands that change nothing, or that are a part of a command above. */
const WITHOUT_EVENT: Readonly<Record<string, string>> = {
  'hub.describe': 'asks the hub',
  'link.probe': 'reads one register, or sends one PINGREQ',
  'send.outcome': 'reads',
  'backup.begin': 'part of backup',
  'backup.keep': 'part of backup',
  'backup.end': 'part of backup',
  'outbox.drop-end': 'ends outbox.drop, which is the event',
  'inbox.drop-end': 'ends inbox.drop, which is the event',
};

/** Gateway in a state in which every command succeeds. */
function obedient(): { readonly commands: AdminCommands; readonly actions: { action: string; by?: string }[] } {
  const facts = newFacts();
  const actions: { action: string; by?: string }[] = [];
  facts.on('operatorActed', ({ action, by }) => actions.push({ action, ...(by !== undefined && { by }) }));
  const identity = { productId: 'PRODUCT123', deviceName: 'a' };
  const subdevice = { id: 'a', lane: 1 };
  const custodian = { lanes: () => [], all: () => [] };
  const poison = {
    evidence: () => [{ act: { kind: 'uplink', name: 'gw/a/t' } }],
    release: (isChosen: (act: object) => boolean) => isChosen({ kind: 'uplink', name: 'gw/a/t', qos: 1 }),
  };
  const step = { scannedTo: 9, atEnd: true, dropped: 3, bytes: 3, damaged: 0 };
  const scope = { direction: 'uplink', subdevice: 0, filter: '#', stamp: { epoch: 1, upMs: 0 } };
  const config = {
    gateway: { name: 'gw', stateDir: '/nowhere', acceptUnknownSubdevices: true },
    hub: { messagesPerS: 0, profile: 'intl' },
    recorder: { ringBytes: 1 },
    subdevices: [{ id: 'a', hubIdentity: identity, topics: [] }],
    links: [],
  };
  const gateway = {
    config,
    running: { config, isConfigured: () => true },
    parts: { facts, mailbox: { post: (act: () => void) => act() }, clock: { nowMs: () => 0 } },
    deadLetters: { retry: async () => ({ done: 1 }), drop: async () => ({ done: 1 }) },
    watch: { settleGap: () => true },
    owner: { differences: ['board serial number'], adopt: (done: () => void) => Boolean([done()]) },
    presence: { forget: (_: string, done: (discarded: number) => void) => Boolean([done(0)]) },
    bindings: { ask: async () => new Map([[identityKey(identity), 0]]) },
    backlog: {
      state: {},
      set: (...[, , done]: [0, 0, () => void]) => done(),
      end: (_: string, done: () => void) => Boolean([done()]),
    },
    firmware: {
      views: () => [{ subdevice: 'a', running: '1', update: undefined }],
      retry: () => 'done',
      cancel: () => 'done',
    },
    testMessages: { send: () => 1, report: () => ({}) },
    operatorHolds: {
      all: [scope, { ...scope, direction: 'downlink' }],
      hold: (all: object[]) => all.map(() => scope),
      release: () => [scope],
    },
    messageDrops: {
      isBusy: false,
      step: async () => ({ ...step, leftOut: { 'in flight': 0, 'not committed yet': 0 } }),
    },
    uplink: { fallbacks: { count: 0 } },
    hubSender: { send: () => undefined },
    deliverAll: () => undefined,
    subscriptions: { released: () => undefined },
    links: { states: () => [] },
    hub: { recorder: { subject: { name: 'hub' } } },
    store: { still: async () => ({}) },
    stations: {
      losses: { acknowledge: async () => true },
      operations: { isConnected: true, canBind: () => true },
      outbox: { poison, isConnected: true },
      uplinks: { pending: 0 },
      registry: { all: () => [subdevice], byLane: () => subdevice, byId: () => subdevice },
      inbox: { deliverNow: () => true, pending: () => 0 },
      custodian: () => custodian,
      wallClock: { isTrusted: true },
      age: () => ({ ms: 0, quality: 'exact' }),
    },
  } as unknown as Gateway;
  const file = { path: '/nowhere/snapshot', close: async () => undefined };
  const snapshots = { create: async () => file } as unknown as Parameters<typeof custodyCommands>[1];
  const recordings = { freeze: async () => ({}) } as unknown as Recordings;
  const commands = {
    ...adminCommandsFor(gateway),
    ...custodyCommands(gateway, snapshots),
    ...recorderCommands(gateway, recordings),
  };
  return { commands, actions };
}

describe('the administrative socket', () => {
  it('has no other commands than those of these tests', () => {
    const known = [...Object.keys(CHANGING), ...Object.keys(WITHOUT_EVENT)];
    expect(Object.keys(obedient().commands).toSorted()).toEqual(known.toSorted());
  });

  it.each(Object.entries(CHANGING))('reports %s with its user', async (name, [action, body]) => {
    const { commands, actions } = obedient();
    await commands[name]?.({ ...body }, USER);
    expect(actions).toEqual([{ action, by: USER }]);
  });
});
