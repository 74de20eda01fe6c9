/** Line on a terminal that names the steps that are still running. Nothing is written if the output is no terminal. */
export class Progress {
  readonly #what: string;
  readonly #waiting: Set<string>;
  readonly #stream: NodeJS.WriteStream;

  /** @param what verb before the names, e.g. `checking` */
  constructor(what: string, names: readonly string[], stream: NodeJS.WriteStream) {
    this.#what = what;
    this.#waiting = new Set(names);
    this.#stream = stream;
    this.#show();
  }

  finished(name: string): void {
    this.#waiting.delete(name);
    this.#show();
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K');
  }

  #show(): void {
    if (!this.#stream.isTTY) return;
    const text = `${this.#what}: ${[...this.#waiting].join(', ')}`;
    this.#stream.write(`\r\u001b[K${text.slice(0, (this.#stream.columns || COLUMNS_UNKNOWN) - 1)}`);
  }
}

const COLUMNS_UNKNOWN = 80;
