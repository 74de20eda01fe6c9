/** Rules for a full outbox. `reject`: the sender is asked to send again later, and nothing is lost. */
export const OVERFLOW_POLICIES = ['reject', 'drop-oldest', 'drop-newest', 'keep-latest'] as const;
export type OverflowPolicy = (typeof OVERFLOW_POLICIES)[number];
