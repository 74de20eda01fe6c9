/** Bounds of the program that prints the password for the hub (`hub.password_command`). */

/** Largest run time, ms: three requests to a token service with the usual limit of 10 s each. */
export const PASSWORD_COMMAND_MS_MAX = 30_000;
/** Largest password of a CONNECT, in bytes: the length of a field has two octets (MQTT 3.1.1 §1.5.3). */
export const PASSWORD_BYTES_MAX = 65_535;
