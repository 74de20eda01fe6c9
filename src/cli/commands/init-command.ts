/** Command for a first configuration. */
import { Option } from 'commander';
import { duration } from '../duration.ts';
import type { InitCommandOptions } from '../init/write-first-config.ts';
import { type Add, collect, wholeNumber } from './add-command.ts';

export function addInit(add: Add): void {
  add<InitCommandOptions>(
    'init',
    'Write a first configuration from what is plugged in; asks for what is missing',
    async ({ context, options }) => (await import('../init/write-first-config.ts')).writeFirstConfig(context, options),
  )
    .option('--output <file>', 'file to write (default: the configuration)')
    .option('--name <name>', 'name of the gateway')
    .option('--profile <name>', 'type of hub: generic, intl or mainland')
    .option('--host <name>', 'host name or address of the hub')
    .option('--hub-port <number>', 'TCP port of the hub (default: 1883, with TLS 8883)', wholeNumber(1, 65_535))
    .option('--tls', 'connect to the hub with TLS')
    .option('--product-id <id>', 'product id of the gateway (hub profiles)')
    .option('--device-name <name>', 'device name of the gateway (hub profiles)')
    .option('--username <name>', 'MQTT user name (profile generic)')
    .option('--secret-file <path>', 'file with the password (needs --username) or the device secret, mode 0600')
    .option('--port <name>', 'serial port, as holdfast ports prints it, or a path; may be repeated', collect, [])
    .option('--driver <name>', 'protocol of the subdevices: mqttsn, modbus or lines')
    .option('--baud-rate <number>', 'bits per second of the ports', wholeNumber(300, 4_000_000))
    .option(
      '--subdevice <id>',
      'first subdevice of each port, in their order: ID, or ID=PRODUCT/DEVICE; may be repeated',
      collect,
      [],
    )
    .addOption(
      new Option('--listen <duration>', 'time for listening on a port; 0s = do not listen')
        .argParser(duration(0, 60_000))
        .default(3000, '3s'),
    );
}
