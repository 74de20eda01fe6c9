/** Presence messages of subdevices: the hub has each state that it does not know, and only the newest. */
import { describe, expect, it } from 'vitest';
import { PresenceMessages } from '../../../src/flow/presence-messages.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';

function newField() {
  const registry = new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] });
  const allowed = new Set(['a', 'b']);
  const clock = { nowMs: 0, due: 0 };
  const presenceMessages = new PresenceMessages({
    registry,
    connectTopic: 'connect',
    disconnectTopic: 'disconnect',
    nameOf: (id) => `Device ${id.toUpperCase()}`,
    isAllowed: (id) => allowed.has(id),
    nowMs: () => clock.nowMs,
    due: () => {
      clock.due += 1;
    },
  });
  const set = (id: string, isAttached: boolean): void => {
    registry.enter(id, 'link').subdevice.isAttached = isAttached;
    presenceMessages.changed(id);
  };
  /** Sends everything that is due. */
  const sent = (): string[] => {
    const texts: string[] = [];
    for (let one = presenceMessages.take(); one !== undefined; one = presenceMessages.take())
      texts.push(`${one.topic} ${new TextDecoder().decode(one.payload)}`);
    return texts;
  };
  return { presenceMessages, allowed, clock, set, sent };
}

const A_ONLINE = 'connect {"device":"Device A"}';
const A_OFFLINE = 'disconnect {"device":"Device A"}';

describe('a presence message', () => {
  it('is sent for each subdevice that is online, after each connection', () => {
    const { presenceMessages, set, sent } = newField();
    set('a', true);
    set('b', false);
    expect([presenceMessages.turn(0), sent()]).toEqual(['none', []]);
    presenceMessages.connected();
    expect([presenceMessages.turn(0), presenceMessages.nextTopic]).toEqual(['last', 'connect']);
    expect(sent()).toEqual([A_ONLINE]);
    presenceMessages.disconnected();
    set('a', false);
    set('b', true);
    presenceMessages.connected();
    expect(sent()).toEqual(['connect {"device":"Device B"}']);
  });

  it('is sent when a subdevice comes and goes, and not for a state that the hub has', () => {
    const { presenceMessages, set, sent, clock } = newField();
    presenceMessages.connected();
    set('a', true);
    expect([sent(), clock.due]).toEqual([[A_ONLINE], 1]);
    set('a', true);
    expect(sent()).toEqual([]);
    set('a', false);
    expect(sent()).toEqual([A_OFFLINE]);
    set('a', true);
    set('a', false);
    expect([sent(), presenceMessages.turn(0)]).toEqual([[], 'none']);
  });

  it('has waited since the first change, and goes before data after a minute', () => {
    const { presenceMessages, set, clock } = newField();
    presenceMessages.connected();
    set('a', true);
    clock.nowMs = 59_999;
    set('b', true);
    expect([presenceMessages.turn(59_999), presenceMessages.turn(60_000)]).toEqual(['last', 'after alarms']);
    expect(presenceMessages.wakeAtMs(1)).toBe(60_000);
  });

  it('says offline for a subdevice that the new configuration does not serve', () => {
    const { presenceMessages, allowed, set, sent } = newField();
    presenceMessages.connected();
    set('a', true);
    sent();
    allowed.delete('a');
    presenceMessages.look();
    expect(sent()).toEqual([A_OFFLINE]);
  });

  it('that the hub closes on is left out until the next connection', () => {
    const { presenceMessages, set, sent } = newField();
    presenceMessages.connected();
    set('a', true);
    presenceMessages.skip();
    expect([sent(), presenceMessages.nextTopic, presenceMessages.wakeAtMs(0)]).toEqual([[], undefined, undefined]);
    presenceMessages.disconnected();
    presenceMessages.connected();
    expect(sent()).toEqual([A_ONLINE]);
  });
});
