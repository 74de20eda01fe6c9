/**
 * What a CONNACK return code means to a technician, and what to do about it. The hub uses 3 for a wrong product, device or
 * secret (its own documents say so), so 3 is not "try again soon" here.
 */
import type { SignsWith } from './hub-contract.ts';

/** Cause and remedy of a CONNACK with this return code; `undefined`: accepted. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly remedy: string;
}

/** Keys of [hub] that hold what CONNECT proves this gateway with. */
const KEYS: Readonly<Record<SignsWith, string>> = {
  nothing: 'Set username and password_file in [hub], if the hub wants a user name and password.',
  'user name': 'Correct username in [hub], or set password_file if the hub wants a password.',
  password: 'Correct username in [hub], and the password in the file of password_file.',
  'device name':
    'Correct product_id and device_name in [hub], and the certificate or key that the TLS keys of [hub] name.',
  'device secret': 'Correct product_id and device_name in [hub], and the secret in the file of device_secret_file.',
};

const CLOCK = ' An expired signature is refused too: check the clock of this machine (timedatectl).';
const NEXT = ' The files are read again at the next attempt; a change of the configuration needs a restart.';

export function refusalOf(code: number, signsWith: SignsWith): Refusal | undefined {
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
        reason: 'the hub refuses our client id (CONNACK 2)',
        remedy: isDevice ? 'Correct product_id and device_name in [hub].' : 'Correct client_id in [hub].',
      };
    case 3:
      return isDevice
        ? {
            code,
            reason:
              'the hub does not serve us (CONNACK 3): with this hub that also means a wrong product, device or secret',
            remedy: `${KEYS[signsWith]}${NEXT}`,
          }
        : {
            code,
            reason: 'the hub is out of service (CONNACK 3)',
            remedy: 'Look in the log of the hub for why; the attempts go on.',
          };
    case 4:
      return {
        code,
        reason: 'the hub refuses our user name or password (CONNACK 4)',
        remedy: `${KEYS[signsWith]}${isDevice ? CLOCK : ''}${NEXT}`,
      };
    case 5:
      return {
        code,
        reason: 'the hub does not authorise us (CONNACK 5): a wrong user name or password, or no permission to connect',
        remedy: `${KEYS[signsWith]} Check at the hub that this client may connect.${NEXT}`,
      };
    default:
      return {
        code,
        reason: `the hub refused the connection with the reserved code ${code}`,
        remedy: 'Look in the log of the hub for why; the attempts go on.',
      };
  }
}
