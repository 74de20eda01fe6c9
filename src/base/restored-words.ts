/** Beginning of the reason of a loss that a restored backup causes. The store writes it, and conditions recognise it. */
export const RESTORED = 'the store was restored from the backup of';
