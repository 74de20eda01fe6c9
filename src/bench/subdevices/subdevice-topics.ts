/** Topic ids known to a simulated subdevice, as assigned by its gateway. Source: MQTT-SN 1.2 §6.5, §6.7. */
import { isShortName, type TopicReference } from '../../codec/mqttsn-packets.ts';

export class SubdeviceTopics {
  readonly #predefined: ReadonlyMap<number, string>;
  readonly #names = new Map<number, string>();

  constructor(predefined: ReadonlyMap<number, string>) {
    this.#predefined = predefined;
  }

  forget(): void {
    this.#names.clear();
  }

  learn(id: number, topic: string): void {
    this.#names.set(id, topic);
  }

  unlearn(id: number): void {
    this.#names.delete(id);
  }

  nameOf(topic: TopicReference): string | undefined {
    switch (topic.type) {
      case 'normal':
        return this.#names.get(topic.id);
      case 'predefined':
        return this.#predefined.get(topic.id);
      case 'short':
        return topic.name;
    }
  }

  /** @returns `undefined` if the topic must be registered first */
  referenceTo(topic: string): TopicReference | undefined {
    for (const [id, name] of this.#predefined) if (name === topic) return { type: 'predefined', id };
    if (isShortName(topic)) return { type: 'short', name: topic };
    for (const [id, name] of this.#names) if (name === topic) return { type: 'normal', id };
    return undefined;
  }
}
