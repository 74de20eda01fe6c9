/** Files of the state directory. */

/** Database file; its WAL is beside it. */
export const STORE_FILE = 'holdfast.db';
/** File that reserves room for a full disk (`disk-reserve.ts`). */
export const RESERVE_FILE = 'reserve';
