/** Will of the gateway in its CONNECT. */
import type { MqttWill } from '../../codec/mqtt.ts';

/** The hub publishes it if the connection ends without DISCONNECT [MQTT-3.1.2-8]. */
export interface OwnWill {
  readonly topic: string;
  readonly payload: string;
}

/** Returns the will for CONNECT: QoS 1, retained. */
export function willOnWire(will: OwnWill | undefined): MqttWill | undefined {
  return will && { topic: will.topic, payload: new TextEncoder().encode(will.payload), qos: 1, retain: true };
}
