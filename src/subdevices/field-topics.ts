/**
 * Topic of an uplink whose template has fields of the message. A field without a usable value gets its fallback, so a
 * value never causes the rejection of a message. The topic is computed once, when the message is offered, and stored
 * with it.
 */
import { fieldsOfPayload } from '../base/payload-field.ts';
import { FIELD_BYTES_MAX, fieldText, fieldWords, type TopicField } from '../base/topic-field.ts';
import { fieldsIn, type TopicShape, topicAtHub } from '../base/topic-template.ts';

export interface UplinkTopic {
  readonly topic: string;
  /** Reason why the topic has a fallback. `undefined`: each field has its value. */
  readonly fallback?: string;
}

/** @param bytesMax largest length of a topic at the hub: a topic that is longer by its values has the fallbacks */
export function topicWithFields(shape: TopicShape, own: string, payload: Uint8Array, bytesMax: number): UplinkTopic {
  const paths = fieldsIn(shape).map(({ path }) => path);
  const values = fieldsOfPayload(payload, paths);
  let fallback: string | undefined;
  const textFor = (field: TopicField): string => {
    const found = values.get(field.path) ?? { why: 'no value' };
    const text = 'value' in found ? fieldText(found.value, field.isEncoded) : undefined;
    const why = 'why' in found ? found.why : `"${field.path}" has more than ${FIELD_BYTES_MAX} bytes in a topic`;
    if (text === undefined) fallback ??= `${fieldWords(field)}: ${why}`;
    return text ?? field.fallback;
  };
  const topic = topicAtHub(shape, own, textFor);
  if (Buffer.byteLength(topic) > bytesMax) {
    const shorter = topicAtHub(shape, own);
    if (Buffer.byteLength(shorter) <= bytesMax)
      return { topic: shorter, fallback: `with the values of its fields, the topic has more than ${bytesMax} bytes` };
  }
  return fallback === undefined ? { topic } : { topic, fallback };
}
