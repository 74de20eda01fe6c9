/** What a scenario means for the gateway's configuration and for the bench hub's rules. */
import { type HubRules, MAINLAND } from '../../src/bench/hub/rules.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Scenario } from './scenario.ts';

export const PRODUCT = 'GATEWAY001';
export const SUB_PRODUCT = 'SUBDEVICE1';
export const DEVICE = 'gw-1';

export function rulesOf({ hub, subdevices }: Scenario): HubRules {
  const { isDeafToAlarms, ...rules } = hub;
  const [first] = subdevices;
  return { ...MAINLAND, ...rules, mutedTopics: isDeafToAlarms ? [`${SUB_PRODUCT}/${first?.id}/alarm`] : [] };
}

export function configOf({ subdevices, bounds }: Scenario): Config {
  const lines = [
    `[gateway]\nname = "${DEVICE}"`,
    `[hub]\nprofile = "mainland"\nhost = "hub.example"\nproduct_id = "${PRODUCT}"\ndevice_name = "${DEVICE}"`,
    `device_secret_file = "/etc/holdfast/secret"\nin_flight_max = ${bounds.inFlightMax}`,
    `[outbox]\nmessages_max = ${bounds.outboxMessagesMax}\noverflow = "${bounds.overflow}"`,
    `age_hours_max = ${bounds.uplinkHoursMax}\nhold_ms = ${bounds.holdMs}\ncommit_ms = ${bounds.commitMs}`,
    `[inbox]\nmessages_max = ${bounds.inboxMessagesMax}\nhold_ms = ${bounds.holdMs}`,
    // no list of subdevices: each is served wherever its cable ends
    ...subdevices.map((_, index) => `[[link]]\nname = "l${index}"\npath = "/dev/ttyV${index}"`),
    ...subdevices.map(({ id }) => `[[subdevice]]\nid = "${id}"\nproduct_id = "${SUB_PRODUCT}"\ndevice_name = "${id}"`),
  ];
  const parsed = parseConfig(lines.join('\n'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}
