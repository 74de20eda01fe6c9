/** The files of the state directory. */

/** The one database file; its log lies beside it. */
export const STORE_FILE = 'holdfast.db';
/** Room kept for the moment in which the disk is full (`reserve.ts`). */
export const RESERVE_FILE = 'reserve';
