/**
 * What a CONNACK return code means to a technician. The hub uses 3 for a wrong product, device or secret (its own
 * documents say so), so 3 is not "try again soon" here.
 */
export function connackProblem(code: number): string | undefined {
  switch (code) {
    case 0:
      return undefined;
    case 1:
      return 'the hub does not speak MQTT 3.1.1 (CONNACK 1)';
    case 2:
      return 'the hub refuses our client id (CONNACK 2): check product_id and device_name, or client_id';
    case 3:
      return 'the hub does not serve us (CONNACK 3): with this hub that also means a wrong product, device or secret';
    case 4:
      return 'the hub refuses our user name or password (CONNACK 4): check the secret, and the clock of this machine';
    case 5:
      return 'the hub does not authorise us (CONNACK 5): a wrong user name or password, a replaced secret, or a disabled device';
    default:
      return `the hub refused the connection with the reserved code ${code}`;
  }
}
