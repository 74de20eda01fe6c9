/**
 * Part of the process outside of the flows, such as the web page: closed and opened again when its settings change. The
 * gateway does not wait for it.
 */
import { isDeepStrictEqual } from 'node:util';

/** Ends the part. */
export type Closing = () => Promise<void>;

export class Replaceable<Settings> {
  readonly #open: (settings: Settings) => Promise<Closing>;
  #settings: Settings;
  /** Close function of the present part, after all changes so far. */
  #closing: Promise<Closing>;

  constructor(settings: Settings, open: (settings: Settings) => Promise<Closing>) {
    this.#open = open;
    this.#settings = settings;
    this.#closing = open(settings);
  }

  /** Resolves when the part is open. */
  async opened(): Promise<void> {
    await this.#closing;
  }

  change(settings: Settings): void {
    if (isDeepStrictEqual(settings, this.#settings)) return;
    this.#settings = settings;
    this.#closing = this.#closing.then(async (close) => {
      await close();
      return await this.#open(settings);
    });
  }

  async close(): Promise<void> {
    const close = await this.#closing;
    await close();
  }
}
