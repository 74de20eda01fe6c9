/** Reasons for which a frame reader drops a frame. */
import type { DiscardReason } from '../base/discard.ts';

export type BrokenFrame = Extract<DiscardReason, 'frame checksum' | 'frame coding' | 'frame too long' | 'noise'>;

/** Called for each dropped frame, with the reason and a view of the bytes that the reader holds of the frame. */
export type OnBroken = (reason: BrokenFrame, bytes: Uint8Array) => void;
