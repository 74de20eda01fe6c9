/**
 * Table of the hub's result codes, with their meanings and remedies.
 *
 * Source: the hub's public pages on topology (1105/41828) and on proxied subdevices (1105/41829). The pages do not say
 * which code belongs to which operation, so each sentence holds for all of them.
 */

export type Verb = 'online' | 'offline' | 'bind' | 'unbind';

export interface Meaning {
  /** Text without subject and full stop: `the hub rejects … : {sentence}`. */
  readonly sentence: string;
  /** Full sentence. `null`: nothing to do. */
  readonly remedy: string | null;
  /** True if the same request may succeed later without any change. */
  readonly isPassing: boolean;
}

const NOT_BOUND = -1;
/** Result code that a hub may also answer if it accepts one device per request and got several. */
export const UNREADABLE = 801;
const BOUND_ALREADY = 809;
const SECRET_HINT =
  'Compare device_secret_file of the [[subdevice]] with the secret that the hub’s console shows for it.';

const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [0, { sentence: 'done', remedy: null, isPassing: false }],
  [
    NOT_BOUND,
    {
      sentence: 'the subdevice is not bound to this gateway',
      remedy: 'Bind it: holdfast hub bind ID, or on the hub’s console.',
      isPassing: false,
    },
  ],
  [
    -2,
    {
      sentence: 'the hub had an internal error',
      remedy: 'Wait and try again; if the error stays, ask the operator of the hub.',
      isPassing: true,
    },
  ],
  [
    UNREADABLE,
    {
      sentence: 'the hub cannot read the request',
      remedy: 'Check product_id and device_name of the [[subdevice]]; if they are right, report a defect of holdfast.',
      isPassing: false,
    },
  ],
  [
    802,
    {
      sentence: 'the hub knows no such device',
      remedy: 'Correct product_id and device_name of the [[subdevice]], or create the device on the hub’s console.',
      isPassing: false,
    },
  ],
  [803, { sentence: 'the signature is wrong', remedy: SECRET_HINT, isPassing: false }],
  [
    804,
    {
      sentence: 'the hub does not accept this signing method',
      remedy: 'Set sign_method in [hub] to the other one: "hmacsha1" or "hmacsha256".',
      isPassing: false,
    },
  ],
  [
    805,
    {
      sentence: 'the signature has expired',
      remedy: 'Set the clock of this machine (timedatectl), then try again.',
      isPassing: true,
    },
  ],
  [
    806,
    {
      sentence: 'the subdevice is bound already, probably to another gateway',
      remedy: 'Unbind it there or on the hub’s console, then bind it here.',
      isPassing: false,
    },
  ],
  [
    807,
    {
      sentence: 'the hub binds only ordinary devices, and this device is not one',
      remedy: 'Check the type of its product on the hub’s console: a gateway cannot be a subdevice.',
      isPassing: false,
    },
  ],
  [
    808,
    {
      sentence: 'the hub does not allow the operation',
      remedy: 'Add the subdevice’s product to the gateway’s product on the hub’s console.',
      isPassing: false,
    },
  ],
  [BOUND_ALREADY, { sentence: 'the subdevice is bound to this gateway already', remedy: null, isPassing: false }],
  [
    810,
    {
      sentence: 'the hub does not support this subdevice behind a gateway',
      remedy: 'Add the subdevice’s product to the gateway’s product on the hub’s console.',
      isPassing: false,
    },
  ],
]);

export function meaningOf(code: number): Meaning {
  return (
    MEANINGS.get(code) ?? {
      sentence: `the hub answered with the unknown code ${code}`,
      remedy: 'Look it up in the hub’s documentation, and report it: holdfast knows -2 to 0 and 801 to 810.',
      isPassing: true,
    }
  );
}

/** True if the requested state is reached. That includes binding a bound subdevice and unbinding an unbound one. */
export function isDone(verb: Verb, code: number): boolean {
  if (code === 0) return true;
  return verb === 'bind' ? code === BOUND_ALREADY : verb !== 'online' && code === NOT_BOUND;
}

export function saysUnbound(code: number): boolean {
  return code === NOT_BOUND;
}
