/**
 * Result codes of `$gateway` operations.
 *
 * Source: the IoT hub's pages "Topology management" (1105/41828) and "Proxied subdevice connection and disconnection"
 * (1105/41829). The documents do not assign the codes to operations; the use of 806 to 810 is our interpretation.
 */
export const RESULT = {
  done: 0,
  notBound: -1,
  systemError: -2,
  parameterError: 801,
  deviceUnknown: 802,
  signatureWrong: 803,
  methodUnsupported: 804,
  signatureExpired: 805,
  boundElsewhere: 806,
  noGeneralDevice: 807,
  notAllowed: 808,
  boundAlready: 809,
  notAssociated: 810,
} as const;
