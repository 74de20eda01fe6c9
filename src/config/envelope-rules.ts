/** Rules of the envelope of uplinks. */
import { PROFILE_DEFAULTS } from './hub/profiles.ts';
import { applyRules } from './kinds/known.ts';
import type { Problem } from './kinds/problem.ts';
import type { Sections } from './sections.ts';

/** Smallest payload limit of the hub for an envelope, bytes. The largest envelope has 380 bytes. */
const PAYLOAD_BYTES_MIN = 1024;

export function envelopeProblems(sections: Sections): Problem[] {
  return applyRules([nameRule, payloadRule], sections);
}

/** Reports two members with one name: JSON with a repeated name has no meaning (RFC 8259 §4). */
function nameRule({ outbox }: Sections): Problem[] {
  const users = new Map<string, string>();
  return Object.entries(outbox.envelope_names ?? {}).flatMap(([key, name]) => {
    const user = users.get(name);
    if (user === undefined) users.set(name, key);
    if (user === undefined) return [];
    const path = `outbox.envelope_names.${key}`;
    return [{ path, what: `is "${name}", which is also the name of ${user}`, hint: 'Choose a different name.' }];
  });
}

function payloadRule({ outbox, links, hub }: Sections): Problem[] {
  const bytesMax = hub.payload_bytes_max ?? PROFILE_DEFAULTS[hub.profile].payload_bytes_max;
  if (bytesMax >= PAYLOAD_BYTES_MIN) return [];
  const what = `needs a payload limit of at least ${PAYLOAD_BYTES_MIN} bytes; hub.payload_bytes_max is ${bytesMax}`;
  const hint = 'Increase hub.payload_bytes_max, or write envelope = "none".';
  const users = [{ path: 'outbox.envelope', form: outbox.envelope }].concat(
    links.flatMap(({ envelope }, index) =>
      envelope === undefined ? [] : [{ path: `link[${index}].envelope`, form: envelope }],
    ),
  );
  return users.filter(({ form }) => form !== 'none').map(({ path }) => ({ path, what, hint }));
}
