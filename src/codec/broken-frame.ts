/** Reasons for which a reader of frames drops one. */
import type { DiscardReason } from '../base/discard.ts';

export type BrokenFrame = Extract<DiscardReason, 'frame checksum' | 'frame coding' | 'frame too long' | 'noise'>;

/** Called for each frame that is dropped, with the reason and a view of the bytes held. */
export type OnBroken = (reason: BrokenFrame, bytes: Uint8Array) => void;
