/** Values in the payloads of uplinks, as far as the keys of a link describe them. */

/** Meaning of a number for people and for home automation. */
export interface Quantity {
  /** Such as `°C`. */
  readonly unit: string | undefined;
  /** Kind of the quantity in the words of Home Assistant, such as `temperature`. */
  readonly deviceClass: string | undefined;
  readonly stateClass: StateClass | undefined;
}

/** Behaviour of a number over time: a measured value, a total that may fall, or a total that only rises. */
export const STATE_CLASSES = ['measurement', 'total', 'total_increasing'] as const;
export type StateClass = (typeof STATE_CLASSES)[number];

/** Command that sets a value: the JSON object `{"name": value}` on a topic of the subdevice. */
export interface ReadingCommand {
  readonly topic: string;
  /** Values that the command takes; `undefined`: true and false. */
  readonly range: { readonly min: number; readonly max: number; readonly step: number } | undefined;
}

/** Member of a JSON object that a subdevice publishes. A value that is not available is `null`. */
export interface Reading {
  readonly name: string;
  /** Topic of the uplink in the names of the subdevice. */
  readonly topic: string;
  readonly kind: 'number' | 'bool' | 'text';
  readonly quantity: Quantity;
  /** `undefined`: the value cannot be set. */
  readonly command: ReadingCommand | undefined;
}

export const NO_QUANTITY: Quantity = { unit: undefined, deviceClass: undefined, stateClass: undefined };
