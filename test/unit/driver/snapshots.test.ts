/** Snapshots of the hub client and of MQTT-SN links in the middle of random conversations. */
import { seededRandom } from '../../../src/base/random.ts';
import { MQTTSN } from '../../../src/driver/mqttsn/definition.ts';
import type { MqttsnLinkOptions } from '../../../src/driver/mqttsn/link.ts';
import { HubClient } from '../../../src/hub/client/hub-client.ts';
import type { HubClientOptions } from '../../../src/hub/client/hub-contract.ts';
import { OPTIONS } from '../hub/client/hub-rig.ts';
import { HubTalk } from '../hub/client/hub-talk.ts';
import { describeSuccession, type Kind, linkKind, succeeded, talkWith } from '../recorder/succession.ts';
import { LINK_OPTIONS } from './mqttsn/mqttsn-bench.ts';
import { MqttsnTalk } from './mqttsn/mqttsn-talk.ts';

const STEPS = 600;
const SEEDS = Array.from({ length: 8 }, (_, seed) => seed);

const HUB: Kind<HubClient> = {
  create: (options) => new HubClient(options as HubClientOptions),
  laterClasses: [],
  lookAt: (client, nowMs) => {
    // A competing client is forgotten after some time.
    const takeovers = [0, 60_000, 600_000].map((laterMs) => client.takeovers(nowMs + laterMs));
    return { nextAttemptAtMs: client.nextAttemptAtMs, takeovers };
  },
};
const HUB_OPTIONS = { ...OPTIONS, keepAliveS: 10, reconnect: { floorMs: 100, ceilingMs: 1000 } };

describeSuccession('a hub client that takes over the state of another', {
  seeds: SEEDS,
  converse: (seed, spoil) => {
    const random = seededRandom(~seed);
    const pair = succeeded({ kind: HUB, options: HUB_OPTIONS, seed, spoil });
    return talkWith(pair, new HubTalk(random), { random, steps: STEPS });
  },
});

describeMqttsn('an MQTT-SN link', 'sn-cobs');
describeMqttsn('an MQTT-SN link without framing', 'sn-raw');

function describeMqttsn(name: string, framing: MqttsnLinkOptions['framing']): void {
  const nodes = new Map([['a001', 'c1']]);
  const options = { ...LINK_OPTIONS, framing, nodes, soleSubdevice: 'c4', advertiseS: 60, packetBytesMax: 128 };
  describeSuccession(`${name} that takes over the state of another`, {
    seeds: SEEDS,
    converse: (seed, spoil) => {
      const random = seededRandom(~seed);
      const pair = succeeded({ kind: linkKind(MQTTSN), options, seed, spoil });
      return talkWith(pair, new MqttsnTalk(random, framing === 'sn-raw'), { random, steps: STEPS });
    },
  });
}
