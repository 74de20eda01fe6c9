/** Hub that the fleet connects to: nodes that can be killed and started again. */

export interface HubNode {
  readonly name: string;
  /** Port of MQTT on this machine. */
  readonly port: number;
  /** Starts the node; resolves when it accepts connections. */
  start(): Promise<void>;
  /** Ends the node as a failure of its machine does, as far as the hub keeps what it has acknowledged then. */
  fail(): Promise<void>;
  /** Process that does the work of the node, for its costs; `undefined`: not running. */
  readonly pid: number | undefined;
}

export interface FleetHub {
  readonly kind: 'mosquitto' | 'rabbitmq';
  /** Version, and what makes the hub keep messages. */
  readonly words: string;
  readonly nodes: readonly HubNode[];
  close(): Promise<void>;
}

export const HOST = '127.0.0.1';
