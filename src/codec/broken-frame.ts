/** What a reader of frames says of those that it drops. */
import type { DiscardReason } from '../base/discard.ts';

export type BrokenFrame = Extract<DiscardReason, 'frame checksum' | 'frame coding' | 'frame too long' | 'noise'>;

/** Told of each frame that is dropped: why, and what is held of it, a view. */
export type OnBroken = (reason: BrokenFrame, bytes: Uint8Array) => void;
