/**
 * Meaning of each CONNACK return code, with the remedy. The hub also answers 3 for a wrong product, device or secret
 * (its documentation of MQTT connections says so), so 3 does not mean "try again soon" there.
 */
import type { SignsWith } from './hub-contract.ts';

/** Cause and remedy of a CONNACK with this return code; `undefined`: accepted. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly remedy: string;
}

/** Keys of [hub] that hold the credentials of CONNECT. */
const KEYS: Readonly<Record<SignsWith, string>> = {
  nothing: 'Set username and password_file in [hub], if the hub requires a user name and password.',
  'user name': 'Correct username in [hub], or set password_file if the hub requires a password.',
  password: 'Correct username in [hub], and the password in the file of password_file.',
  'password command':
    'The program of password_command printed the password for this attempt. The log of the hub shows whether the user name, the password or its time of validity was rejected. Check username in [hub], the output of the program, and the clock of this machine (timedatectl).',
  'device name':
    'Correct product_id and device_name in [hub], and the certificate or key that the TLS keys of [hub] name.',
  'device secret': 'Correct product_id and device_name in [hub], and the secret in the file of device_secret_file.',
};

const CLOCK = ' The hub also rejects an expired signature: check the clock of this machine (timedatectl).';
const NEXT = ' The files are read again at the next attempt; a change of the configuration needs a restart.';
const NEXT_RUN = ' The program runs again at the next attempt.';

export function refusalOf(code: number, signsWith: SignsWith): Refusal | undefined {
  const next = signsWith === 'password command' ? NEXT_RUN : NEXT;
  const isDevice = signsWith === 'device secret' || signsWith === 'device name';
  switch (code) {
    case 0:
      return undefined;
    case 1:
      return {
        code,
        reason: 'the hub does not speak MQTT 3.1.1 (CONNACK 1)',
        remedy: 'Correct host and port in [hub], or enable MQTT 3.1.1 at the hub.',
      };
    case 2:
      return {
        code,
        reason: 'the hub rejects the client id of this gateway (CONNACK 2)',
        remedy: isDevice ? 'Correct product_id and device_name in [hub].' : 'Correct client_id in [hub].',
      };
    case 3:
      return isDevice
        ? {
            code,
            reason: 'the hub is unavailable (CONNACK 3); this hub also answers so to a wrong product, device or secret',
            remedy: `${KEYS[signsWith]}${NEXT}`,
          }
        : {
            code,
            reason: 'the hub is unavailable (CONNACK 3)',
            remedy: 'See the log of the hub for the cause; the gateway keeps trying.',
          };
    case 4:
      return {
        code,
        reason: 'the hub rejects the user name or password (CONNACK 4)',
        remedy: `${KEYS[signsWith]}${isDevice ? CLOCK : ''}${next}`,
      };
    case 5:
      return {
        code,
        reason: 'the hub does not authorise this gateway (CONNACK 5): wrong password, or no permission to connect',
        remedy: `${KEYS[signsWith]} Check at the hub that this client may connect.${next}`,
      };
    default:
      return {
        code,
        reason: `the hub rejected the connection with the reserved code ${code}`,
        remedy: 'See the log of the hub for the cause; the gateway keeps trying.',
      };
  }
}
