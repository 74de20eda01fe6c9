/** Shared topics: topics at the hub that all subdevices share, because the payload names the subdevice. */

/**
 * Document of an uplink on a shared topic. `values-by-device`: `{"NAME":[{"ts":…,"values":{…}}]}`. `by-device`:
 * `{"NAME":{…}}`. `with-device`: `{"device":"NAME",…}`.
 */
export const DOCUMENT_FORMS = ['values-by-device', 'by-device', 'with-device'] as const;
export type DocumentForm = (typeof DOCUMENT_FORMS)[number];

/** Member that names the subdevice, in downlinks and in the form `with-device`. */
export const DEVICE_MEMBER = 'device';
/** Member with the content of a downlink. */
export const CONTENT_MEMBER = 'data';

export interface SharedTopic {
  /** Topic at the hub. */
  readonly topic: string;
  readonly form: DocumentForm;
  /** Filters of own topics of subdevices. Matching uplinks are sent to the shared topic. */
  readonly uplinks: readonly string[];
  /** Own topic on which a subdevice receives the downlinks that name it. `undefined`: no downlinks. */
  readonly downlink: string | undefined;
}

/** Largest length of a name of a subdevice in documents, characters. */
export const HUB_NAME_MAX = 128;
