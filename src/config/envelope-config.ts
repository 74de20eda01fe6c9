/** Keys `envelope` and `[outbox.envelope_names]`: the envelope of uplinks, and the names of its members. */
import { z } from 'zod';
import { ENVELOPE_FORMS, ENVELOPE_NAME_MAX, type EnvelopeNames } from '../base/envelope-form.ts';
import { camelKeys } from './kinds/camel-keys.ts';
import { means, text } from './kinds/key-kinds.ts';

export const ENVELOPE = z.enum(ENVELOPE_FORMS);

/** @param fallback name that the member has by default */
const memberName = (fallback: string, description: string) =>
  text(/^[A-Za-z_$@][A-Za-z0-9_.:$@-]*$/, `1 to ${ENVELOPE_NAME_MAX} letters, digits, _, $, @, ., : or -`)
    .max(ENVELOPE_NAME_MAX)
    .default(fallback)
    .meta(means(description));

export const ENVELOPE_NAMES = z.strictObject({
  payload: memberName('payload', 'Member with the payload.'),
  encoding: memberName('encoding', 'Member that says how the payload is written: json, text or base64.'),
  measured_at: memberName('measured_at', 'Member with the time of the measurement, in UTC.'),
  age_ms: memberName('age_ms', 'Member with the age of the message when it was sent.'),
  time_quality: memberName('time_quality', 'Member with the quality of the time: exact, at_least or none.'),
  age_quality: memberName('age_quality', 'Member with the quality of the age: exact or at_least.'),
  replayed: memberName('replayed', 'Member that is true if the message waited for a connection to the hub.'),
  seq: memberName('seq', 'Member with the number of the message.'),
});

type EnvelopeNamesSection = z.output<typeof ENVELOPE_NAMES>;

export function decodeEnvelopeNames(section: EnvelopeNamesSection | undefined): EnvelopeNames {
  return camelKeys(section ?? ENVELOPE_NAMES.parse({}), ENVELOPE_NAMES.shape);
}
