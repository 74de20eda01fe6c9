/** Testbed at a hub that checks everything: credentials, permissions, online state. Its one subdevice is `a`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { numberedPayload } from '../../src/bench/account.ts';
import { type HubRules, MAINLAND } from '../../src/bench/hub/bench-rules.ts';
import { FILTER, openTestbed, type SubdevicePlan, type Testbed } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';

export const PRODUCT = 'PPPPPPPPPP';
const GATEWAY_PRODUCT = 'GGGGGGGGGG';
const SECRET = 'AAECAwQFBgcICQoLDA0ODw==';
/** Topics that a testbed publishes and subscribes to by default. */
const CUSTOM_TOPICS = [
  { product: PRODUCT, topic: `${PRODUCT}/+/t`, right: 'publish' },
  { product: PRODUCT, topic: `${PRODUCT}/+/${FILTER}`, right: 'subscribe' },
] as const;

/**
 * The gateway is not started. @param rules in addition to those of the mainland profile; @param ids subdevices, which have
 * their ids as device names @param more further text of the configuration
 */
export async function openStrictHubTestbed(
  rules: Partial<HubRules> = {},
  ids: readonly string[] = ['a'],
  more = '',
  planOf: (id: string) => SubdevicePlan = () => ({}),
): Promise<Testbed> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, SECRET, { mode: 0o600 });
  const testbed = await openTestbed({
    more,
    subdevices: Object.fromEntries(ids.map((id) => [id, planOf(id)])),
    rules: {
      ...MAINLAND,
      ...{ permissions: 'checked', customTopics: CUSTOM_TOPICS },
      credentials: new Map([[`${GATEWAY_PRODUCT}${GATEWAY}`, SECRET]]),
      ...rules,
    },
    config: {
      hub: {
        profile: 'mainland',
        ...{ product_id: GATEWAY_PRODUCT, device_name: GATEWAY, device_secret_file: secretFile },
        ...{ reconnect_floor_ms: 5000, reconnect_ceiling_ms: 5000 },
      },
      subdevice: { product_id: PRODUCT },
    },
  });
  const text = readFileSync(testbed.configPath, 'utf8');
  writeFileSync(testbed.configPath, text.replaceAll(/^id = (".*")$/gm, 'id = $1\ndevice_name = $1'));
  return testbed;
}

/** Same as `Testbed.command`, with the topics of this hub. */
export function command({ hub, subdevices }: Testbed): void {
  for (const { id, downlinks } of subdevices) {
    const number = downlinks.send();
    hub.publish({ topic: `${PRODUCT}/${id}/${FILTER}`, payload: numberedPayload(number, 32), qos: 1 });
    downlinks.acknowledge(number);
  }
}
