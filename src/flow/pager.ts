/** Loads rows from disk when a lane has room: one bounded page at a time, never faster than messages leave. */
import type { Custodian } from '../custody/custodian.ts';
import { isAlarmLane } from '../custody/lane-number.ts';
import type { RowPage } from '../custody/row.ts';
import type { Store } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';

/** Rows of one page over all lanes. */
const PAGE_ROWS_MAX = 256;

export interface PagerOptions {
  readonly custodian: Custodian;
  readonly mailbox: Mailbox;
  /** Returns true while deletes wait for the disk. Loading more rows would add more deletes. */
  readonly isPaused: () => boolean;
  readonly loaded: (wanted: ReadonlyMap<number, number>, page: RowPage) => void;
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
    const lanes = firstOf(this.#options.custodian.wanted());
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

/**
 * Selects the lanes with alarms, if any. In one page with other lanes they would have to wait for all rows before them.
 */
function firstOf(wanted: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const alarms = [...wanted].filter(([lane]) => isAlarmLane(lane));
  return alarms.length === 0 ? wanted : new Map(alarms);
}
