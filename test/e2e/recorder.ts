/** Listener that records the events of a channel, for the tests of real channels. */
import { expect } from 'vitest';
import type { ChannelListener } from '../../src/ports.ts';

/** Long timeout: a loaded machine is slow, not wrong. */
const TIMEOUT_MS = 120_000;

export class Recorder implements ChannelListener {
  openings = 0;
  readonly reasons: string[] = [];
  readonly #chunks: Uint8Array[] = [];

  opened(): void {
    this.openings += 1;
  }

  bytes(bytes: Uint8Array): void {
    this.#chunks.push(Uint8Array.from(bytes));
  }

  closed(reason: string): void {
    this.reasons.push(reason);
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get chunks(): number {
    return this.#chunks.length;
  }

  async untilOpen(): Promise<void> {
    await until(() => this.openings > 0 || this.reasons.length > 0);
    expect(this.reasons).toEqual([]);
  }

  async untilReceived(length: number): Promise<Buffer> {
    await until(() => this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0) >= length);
    return this.received;
  }

  /** Reason of the close, after exactly one close event. */
  async untilClosed(): Promise<string> {
    await until(() => this.reasons.length > 0);
    expect(this.reasons).toHaveLength(1);
    return this.reasons[0] ?? '';
  }
}

export async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: TIMEOUT_MS, interval: 5 }).toBe(true);
}
