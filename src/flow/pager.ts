/** Loads rows from disk when a lane has room: one bounded page at a time, never faster than messages leave. */
import type { Custodian } from '../custody/custodian.ts';
import type { LaneWants, RowPage } from '../custody/row.ts';
import type { Store } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';

/** Rows of one page over all lanes. */
const PAGE_ROWS_MAX = 256;

export interface PagerOptions {
  readonly custodian: Custodian;
  readonly mailbox: Mailbox;
  /** Returns true while deletes wait for the disk. Loading more rows would add more deletes. */
  readonly isPaused: () => boolean;
  readonly loaded: (wanted: LaneWants, page: RowPage) => void;
}

export class Pager {
  readonly #options: PagerOptions;
  #store: Store | undefined;
  #isReading = false;

  constructor(options: PagerOptions) {
    this.#options = options;
  }

  attach(store: Store): void {
    this.#store = store;
    this.turn();
  }

  /** Called whenever a lane may have room. */
  turn(): void {
    if (this.#isReading || this.#store === undefined || this.#options.isPaused()) return;
    const lanes = this.#options.custodian.wanted();
    if (lanes.size === 0) return;
    this.#isReading = true;
    const request = { direction: this.#options.custodian.direction, lanes, limit: PAGE_ROWS_MAX };
    void this.#store.page(request).then((page) =>
      this.#options.mailbox.post(() => {
        this.#isReading = false;
        this.#options.loaded(lanes, page);
        this.turn();
      }),
    );
  }
}
