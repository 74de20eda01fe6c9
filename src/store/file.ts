/** The one database file, in the state directory. */
export const STORE_FILE = 'holdfast.db';
