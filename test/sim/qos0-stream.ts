/**
 * The outside's books of one subdevice's QoS 0 messages in one direction: any of them may be missing, none may arrive
 * twice, be invented, or overtake an earlier one.
 */
export class Qos0Stream {
  readonly #name: string;
  readonly #complain: (what: string) => void;
  #sent = 0;
  #last = 0;
  #delivered = 0;

  constructor(name: string, complain: (what: string) => void) {
    this.#name = name;
    this.#complain = complain;
  }

  /** The number of the next message. */
  send(): number {
    this.#sent += 1;
    return this.#sent;
  }

  arrive(number: number): void {
    if (number > this.#sent) this.#complain(`${this.#name} ${number} arrived and was never sent`);
    if (number === this.#last) this.#complain(`${this.#name} ${number} arrived twice, with QoS 0`);
    if (number < this.#last) this.#complain(`${this.#name} ${number} arrived out of order, with QoS 0`);
    this.#last = number;
    this.#delivered += 1;
  }

  get delivered(): number {
    return this.#delivered;
  }
}
