/** Recovery step for a serial line that a configuration may name. `reauthorise`: the USB device is authorised again. */
export type RecoveryStep = 'reopen' | 'toggle' | 'reauthorise';
