/**
 * Account of the QoS 0 messages of one subdevice in one direction: any message may be missing, none may arrive twice,
 * without being sent, or out of order.
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

  /** Returns the number of the next message. */
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
