/** Forms of the envelope that the gateway can put around uplinks, and the names of its members. */

/**
 * `none`: the payload as it came. `json`: a JSON object that contains the payload. `fields`: the members of the
 * envelope are added to a payload that is a JSON object.
 */
export const ENVELOPE_FORMS = ['none', 'json', 'fields'] as const;
export type EnvelopeForm = (typeof ENVELOPE_FORMS)[number];

/** Names of the members in the JSON object; all are different. */
export interface EnvelopeNames {
  readonly payload: string;
  readonly encoding: string;
  readonly measuredAt: string;
  readonly ageMs: string;
  readonly timeQuality: string;
  readonly ageQuality: string;
  readonly replayed: string;
  readonly seq: string;
}

/** Largest length of a name, characters of ASCII. */
export const ENVELOPE_NAME_MAX = 32;
