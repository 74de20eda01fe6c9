/** Further brokers from Debian as the hub, with the command line tools of mosquitto as the application side. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetHub } from '../fleet/hub-node.ts';
import { rabbitmqHub } from '../fleet/rabbitmq-cluster.ts';
import { answers, type Broker, HOST } from './any-broker.ts';
import { Mosquitto } from './mosquitto.ts';
import { until } from './until.ts';

const ACTIVEMQ = '/usr/share/activemq';
/** Client library that the MQTT connector of the package needs. */
const MQTT_CLIENT = '/usr/share/java/mqtt-client.jar';

export const ACTIVEMQ_IS_MISSING = !existsSync(`${ACTIVEMQ}/bin/activemq.jar`) || !existsSync(MQTT_CLIENT);

/** Process of a broker, which can be started again. */
interface BrokerProcess {
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

class DebianBroker implements Broker {
  readonly #application: Mosquitto;
  readonly #process: BrokerProcess;

  constructor(port: number, folder: string, process: BrokerProcess) {
    this.#application = new Mosquitto(port, folder); // never started: only its tools are used
    this.#process = process;
  }

  readonly start = (): Promise<void> => this.#process.start();
  readonly stop = (): Promise<void> => this.#process.stop();
  readonly publish: Broker['publish'] = (topic, payloads) => this.#application.publish(topic, payloads);
  readonly listen: Broker['listen'] = (filter, onMessage) => this.#application.listen(filter, onMessage);

  async close(): Promise<void> {
    await this.#application.close();
    await this.stop();
  }
}

/** One node of RabbitMQ. @param folder for its files */
export function rabbitmq(port: number, folder: string): Broker {
  let hub: FleetHub | undefined;
  const broker = new DebianBroker(port, folder, {
    start: async () => {
      if (hub === undefined) hub = await rabbitmqHub(folder, [port]);
      else await hub.nodes[0]?.start();
    },
    stop: async () => hub?.nodes[0]?.fail(),
  });
  return {
    start: broker.start,
    stop: broker.stop,
    publish: broker.publish,
    listen: broker.listen,
    close: async () => {
      await broker.close();
      await hub?.close();
    },
  };
}

export function activemq(port: number, folder: string): Broker {
  let child: ChildProcess | undefined;
  const uri = `broker:(mqtt://${HOST}:${port})?persistent=true&useJmx=false&dataDirectory=${join(folder, 'activemq')}`;
  const settings = [`-Dactivemq.home=${ACTIVEMQ}`, `-Dactivemq.base=${folder}`, `-Dactivemq.data=${folder}`];
  // the folders of libraries that the program searches are below its base
  mkdirSync(join(folder, 'lib/extra'), { recursive: true });
  symlinkSync(MQTT_CLIENT, join(folder, 'lib/extra/mqtt-client.jar'));
  return new DebianBroker(port, folder, {
    start: async () => {
      child = spawn('java', [...settings, '-jar', `${ACTIVEMQ}/bin/activemq.jar`, 'start', uri], { stdio: 'ignore' });
      await until(() => answers(port));
    },
    stop: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  });
}
