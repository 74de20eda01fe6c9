/**
 * Machines whose state is written down between two steps and restored in new ones, which must make the same
 * decisions.
 */
import { describe, expect, it } from 'vitest';
import type { LinkAction, LinkInput } from '../../../src/driver/driver.ts';
import { createMqttsnLink, type MqttsnLinkOptions } from '../../../src/driver/mqttsn/link.ts';
import { HubClient } from '../../../src/hub/client/hub-client.ts';
import type { HubAction, HubInput } from '../../../src/hub/client/hub-contract.ts';
import { decodeValue } from '../../../src/recorder/recording-file.ts';
import { IS_LONG_RUN } from '../../long-run.ts';
import { OPTIONS } from '../hub/client/hub-rig.ts';
import { HubTalk } from '../hub/client/hub-talk.ts';
import { LINK_OPTIONS } from './mqttsn/mqttsn-bench.ts';
import { MqttsnTalk } from './mqttsn/mqttsn-talk.ts';
import { goOn, type Play, playThrough, unnoticedFields } from './snapshot-rig.ts';

const STEPS = 600;
const COURSES = IS_LONG_RUN ? 20 : 6;

const HUB: Play<HubInput, HubAction, HubClient> = {
  make: (random) => new HubClient({ ...OPTIONS, keepAliveS: 10, reconnect: { floorMs: 100, ceilingMs: 1000 }, random }),
  talk: (random) => new HubTalk(random),
  lookAt: (client, nowMs) => {
    // A competing client is forgotten after a while.
    const takeovers = [0, 60_000, 600_000].map((laterMs) => client.takeovers(nowMs + laterMs));
    return { nextAttemptAtMs: client.nextAttemptAtMs, takeovers };
  },
};

function mqttsn(framing: MqttsnLinkOptions['framing']) {
  const nodes = new Map([['a001', 'c1']]);
  const options = { ...LINK_OPTIONS, framing, nodes, soleSubdevice: 'c4', advertiseS: 60, packetBytesMax: 128 };
  const play: Play<LinkInput, LinkAction, ReturnType<typeof createMqttsnLink>> = {
    make: (random) => createMqttsnLink({ ...options, random }),
    talk: (random) => new MqttsnTalk(random, framing === 'sn-raw'),
    lookAt: (link) => ({
      counters: link.counters,
      attached: link.attachedSubdevices(),
      lastReceived: ['c1', 'c2', 'c3', 'c4'].map((id) => link.lastReceivedAtMs(id)),
    }),
  };
  return play;
}

describeMachine('the hub client', HUB, '');
describeMachine('an MQTT-SN link', mqttsn('sn-cobs'), '');
describeMachine('an MQTT-SN link without framing', mqttsn('sn-raw'), '.reader.');

/** @param root root of the parts that must not be left out */
function describeMachine<Input, Action, Machine>(name: string, play: Play<Input, Action, Machine>, root: string): void {
  const courses = Array.from({ length: COURSES }, (_, seed) => playThrough(play, seed, STEPS));

  describe(name, () => {
    it('makes the same decisions, wherever its state was written down', () => {
      for (const [seed, course] of courses.entries())
        for (let from = seed; from < STEPS; from += 23) {
          const snapshot = decodeValue(course.steps[from]?.before ?? '');
          expect({ seed, from, differsAt: goOn(play, course, { from, snapshot }) }).toEqual({ seed, from });
        }
    });

    // Finds fields that matter rarely, over all courses.
    it.runIf(IS_LONG_RUN)('makes other decisions if any one part of the written state is left out', () => {
      expect(unnoticedFields(play, courses, root)).toEqual([]);
    });
  });
}
