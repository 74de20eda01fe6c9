/** Browsers that follow a live page: every two seconds each gets the parts that have changed. Nothing runs without them. */
import type { ServerResponse } from 'node:http';
import { EventStream } from './event-stream.ts';
import type { LivePages, PageChoice } from './live-pages.ts';

/** Largest number of browsers. */
export const FOLLOWERS_MAX = 8;
const TICK_MS = 2000;

interface Follower {
  readonly stream: EventStream;
  readonly choice: PageChoice;
  /** State of the page in the browser. */
  state: number;
}

export class LiveStreams {
  readonly #pages: LivePages;
  readonly #followers = new Set<Follower>();
  #timer: NodeJS.Timeout | undefined;

  constructor(pages: LivePages) {
    this.#pages = pages;
  }

  get isFull(): boolean {
    return this.#followers.size >= FOLLOWERS_MAX;
  }

  /** @param state state of the page that the browser has; 0: none */
  follow(response: ServerResponse, choice: PageChoice, state: number): void {
    const follower: Follower = { stream: new EventStream(response), choice, state };
    this.#followers.add(follower);
    response.once('close', () => {
      this.#followers.delete(follower);
      if (this.#followers.size === 0) this.#stop();
    });
    void this.#update(follower);
    this.#timer ??= setInterval(() => {
      for (const one of this.#followers) void this.#update(one);
    }, TICK_MS);
  }

  close(): void {
    this.#stop();
    for (const { stream } of this.#followers) stream.end();
  }

  async #update(follower: Follower): Promise<void> {
    const page = await this.#pages.page(follower.choice);
    if (page === undefined) {
      follower.stream.end();
      return;
    }
    if (page.state <= follower.state) return;
    for (const { element, markup, changedIn } of page.parts)
      if (changedIn > follower.state && !follower.stream.send('part', { element, markup })) return;
    follower.state = page.state;
    follower.stream.send('state', { state: page.state, madeAtMs: page.madeAtMs });
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
