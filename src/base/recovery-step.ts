/**
 * Recovery steps for a serial line that a configuration may name. `reauthorise`: the USB device is authorised again.
 */
export const RECOVERY_STEPS = ['reopen', 'toggle', 'reauthorise'] as const;
export type RecoveryStep = (typeof RECOVERY_STEPS)[number];
